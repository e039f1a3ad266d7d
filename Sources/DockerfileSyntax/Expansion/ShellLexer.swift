/// Quotes, escapes and variables of a word, as BuildKit's shell lexer reads them.
struct ShellLexer {
  typealias Lookup = (String) -> String?

  /// How many `${` may stand within each other.
  static let maximumDepth = 100
  /// The most bytes that may come of an expansion.
  static let maximumLength = 16 << 20

  /// What was read: the text, and the same cut at blanks that are neither quoted nor escaped.
  struct Output {
    var text: [UInt8]
    var words: [String]
  }

  /// Whether quotes stay in the result.
  var keepsQuotes = false
  /// Whether escape characters stay in the result.
  var keepsEscapes = false
  /// Whether references to unset variables stay as they are.
  var keepsUnset = false
  /// Whether quotes are characters like any other.
  var ignoresQuotes = false

  private(set) var used: Set<String> = []
  private(set) var unset: Set<String> = []

  private let source: [UInt8]
  private let escape: UInt8
  private var position: Int
  private var depth = 0
  private var length = 0

  /// A lexer of these bytes. A byte order mark in front of them counts for nothing, as Go's scanner
  /// has it.
  init(_ source: [UInt8], escape: UInt8) {
    self.source = source
    self.escape = escape
    position = source.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// Reads the whole source.
  mutating func run(lookup: Lookup) throws(ExpansionError) -> Output {
    var words = WordCollector()
    let text = try read(until: nil, words: &words, lookup)
    return Output(text: text, words: words.finish())
  }

  /// Reads the whole source as a text that is not to be cut.
  mutating func runText(lookup: Lookup) throws(ExpansionError) -> [UInt8] {
    var words = WordCollector.idle
    return try read(until: nil, words: &words, lookup)
  }

  // MARK: Words

  /// Reads up to `stop`, which is consumed, or to the end.
  private mutating func read(
    until stop: UInt8?, words: inout WordCollector, _ lookup: Lookup
  ) throws(ExpansionError) -> [UInt8] {
    var text: [UInt8] = []
    while let byte = peek {
      if byte == stop {
        position += 1
        return text
      }
      switch byte {
      case UInt8(ascii: "$"):
        let value = try readDollar(lookup)
        try append(value, to: &text)
        words.appendSplitting(value)
      case UInt8(ascii: "'") where !ignoresQuotes:
        let value = try readSingleQuoted()
        try append(value, to: &text)
        words.appendRaw(value)
      case UInt8(ascii: "\"") where !ignoresQuotes:
        let value = try readDoubleQuoted(lookup)
        try append(value, to: &text)
        words.appendRaw(value)
      case UInt8(ascii: "<"):
        let value = readPossibleHeredoc()
        text.append(contentsOf: value)
        words.appendRaw(value)
      case escape:
        readEscaped(into: &text, words: &words)
      default:
        let width = Whitespace.length(in: source[...], at: position)
        let next = position + max(width, 1)
        text.append(contentsOf: source[position..<next])
        if width > 0 { words.separate() } else { words.appendRaw(byte) }
        position = next
      }
    }
    if stop != nil { throw .missingBrace }
    return text
  }

  /// An escape character outside quotes takes itself away and spares the next one; at the end it
  /// stands for nothing.
  private mutating func readEscaped(into text: inout [UInt8], words: inout WordCollector) {
    position += 1
    if keepsEscapes {
      text.append(escape)
      words.appendRaw(escape)
    }
    guard let next = peek else { return }
    position += 1
    text.append(next)
    words.appendRaw(next)
    // The rest of a character that has more bytes, so that no blank is seen inside it.
    while let byte = peek, next >= 0xC0, byte & 0xC0 == 0x80 {
      position += 1
      text.append(byte)
      words.appendRaw(byte)
    }
  }

  /// `<<` and the blanks after it belong to the word that follows, since that may be a heredoc's.
  private mutating func readPossibleHeredoc() -> ArraySlice<UInt8> {
    let start = position
    position += 1
    guard peek == UInt8(ascii: "<") else { return source[start..<position] }
    position += 1
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D { position += 1 }
    return source[start..<position]
  }

  private mutating func readSingleQuoted() throws(ExpansionError) -> [UInt8] {
    let start = position
    guard let end = source[(start + 1)...].firstIndex(of: UInt8(ascii: "'")) else {
      throw .unterminatedSingleQuote
    }
    position = end + 1
    return Array(keepsQuotes ? source[start...end] : source[(start + 1)..<end])
  }

  private mutating func readDoubleQuoted(_ lookup: Lookup) throws(ExpansionError) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    var text: [UInt8] = keepsQuotes ? [quote] : []
    position += 1
    while let byte = peek {
      switch byte {
      case quote:
        position += 1
        if keepsQuotes { text.append(quote) }
        return text
      case UInt8(ascii: "$"):
        try append(readDollar(lookup), to: &text)
      case escape:
        position += 1
        if keepsEscapes { text.append(escape) }
        guard let next = peek else { throw .unterminatedDoubleQuote }
        if next == quote || next == UInt8(ascii: "$") || next == escape {
          text.append(next)
          position += 1
        } else {
          text.append(escape)
        }
      default:
        text.append(byte)
        position += 1
      }
    }
    throw .unterminatedDoubleQuote
  }

  // MARK: Variables

  private mutating func readDollar(_ lookup: Lookup) throws(ExpansionError) -> [UInt8] {
    position += 1
    guard peek == UInt8(ascii: "{") else {
      let name = readName()
      if name.isEmpty { return [UInt8(ascii: "$")] }
      guard let value = find(name, lookup) else {
        return keepsUnset ? Array("$\(name)".utf8) : []
      }
      return Array(value.utf8)
    }
    position += 1
    depth += 1
    defer { depth -= 1 }
    guard depth <= ShellLexer.maximumDepth else { throw .tooDeep }
    return try readBraces(lookup)
  }

  /// What follows `${`, up to its `}`.
  private mutating func readBraces(_ lookup: Lookup) throws(ExpansionError) -> [UInt8] {
    switch peek {
    case nil: throw .missingBrace
    case UInt8(ascii: "{")?, UInt8(ascii: "}")?, UInt8(ascii: ":")?: throw .badSubstitution
    default: break
    }
    let name = readName()
    guard let modifier = peek else { throw .missingBrace }
    position += 1
    switch modifier {
    case UInt8(ascii: "}"):
      guard let value = find(name, lookup) else {
        return keepsUnset ? Array("${\(name)}".utf8) : []
      }
      return Array(value.utf8)
    case UInt8(ascii: ":"):
      guard let second = peek else { throw .missingBrace }
      guard [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "?")].contains(second) else {
        throw .unsupportedModifier(":" + character(at: position))
      }
      position += 1
      return try readAlternative(to: name, second, emptyIsUnset: true, lookup)
    case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      return try readAlternative(to: name, modifier, emptyIsUnset: false, lookup)
    case UInt8(ascii: "#"), UInt8(ascii: "%"):
      return try readTrimming(of: name, modifier, lookup)
    case UInt8(ascii: "/"):
      return try readReplacement(in: name, lookup)
    default:
      throw .unsupportedModifier(character(at: position - 1))
    }
  }

  /// `${name:-word}` and its kin; `word` is read, and may fail, whether it is needed or not.
  private mutating func readAlternative(
    to name: String, _ modifier: UInt8, emptyIsUnset: Bool, _ lookup: Lookup
  ) throws(ExpansionError) -> [UInt8] {
    let word = try readWord(until: UInt8(ascii: "}"), keepsEscapes: false, lookup)
    let value = find(name, lookup)
    let sign = String(UnicodeScalar(modifier))
    if keepsUnset, value == nil {
      let colon = emptyIsUnset ? ":" : ""
      return Array("${\(name)\(colon)\(sign)".utf8) + word + [UInt8(ascii: "}")]
    }
    let isThere = value.map { !(emptyIsUnset && $0.isEmpty) } ?? false
    switch sign {
    case "-": return isThere ? Array((value ?? "").utf8) : word
    case "+": return isThere ? word : []
    default:
      guard !isThere else { return Array((value ?? "").utf8) }
      let reason = value == nil ? "is not allowed to be unset" : "is not allowed to be empty"
      throw .required(
        name: name, message: word.isEmpty ? reason : String(decoding: word, as: UTF8.self))
    }
  }

  /// `${name#pattern}` and its kin.
  private mutating func readTrimming(
    of name: String, _ modifier: UInt8, _ lookup: Lookup
  ) throws(ExpansionError) -> [UInt8] {
    var word = try readWord(until: UInt8(ascii: "}"), keepsEscapes: true, lookup)[...]
    let value = find(name, lookup)
    if keepsUnset, value == nil {
      let sign = String(UnicodeScalar(modifier))
      return Array("${\(name)\(sign)".utf8) + word + [UInt8(ascii: "}")]
    }
    let longest = word.first == modifier
    if longest { word = word.dropFirst() }
    let pattern = try ShellPattern(String(decoding: word, as: UTF8.self))
    let side: ShellPattern.Side = modifier == UInt8(ascii: "#") ? .start : .end
    return Array(try pattern.trimming(value ?? "", side, longest: longest).utf8)
  }

  /// `${name/pattern/replacement}` and `${name//pattern/replacement}`.
  private mutating func readReplacement(
    in name: String, _ lookup: Lookup
  ) throws(ExpansionError) -> [UInt8] {
    let all = peek == UInt8(ascii: "/")
    if all { position += 1 }
    let patternBytes: [UInt8]
    do {
      patternBytes = try readWord(until: UInt8(ascii: "/"), keepsEscapes: true, lookup)
    } catch .missingBrace {
      throw .missingSlash
    }
    let replacement = try readWord(until: UInt8(ascii: "}"), keepsEscapes: true, lookup)
    let value = find(name, lookup)
    if keepsUnset, value == nil {
      let slash = [UInt8(ascii: "/")]
      return Array("${\(name)/".utf8) + patternBytes + slash + replacement + [UInt8(ascii: "}")]
    }
    let pattern = try ShellPattern(String(decoding: patternBytes, as: UTF8.self))
    let text = String(decoding: replacement, as: UTF8.self)
    return Array(try pattern.replacing(in: value ?? "", with: text, all: all).utf8)
  }

  private mutating func readWord(
    until stop: UInt8, keepsEscapes: Bool, _ lookup: Lookup
  ) throws(ExpansionError) -> [UInt8] {
    let outer = self.keepsEscapes
    self.keepsEscapes = keepsEscapes
    defer { self.keepsEscapes = outer }
    var words = WordCollector.idle
    return try read(until: stop, words: &words, lookup)
  }

  private mutating func find(_ name: String, _ lookup: Lookup) -> String? {
    if let value = lookup(name) {
      used.insert(name)
      return value
    }
    unset.insert(name)
    return nil
  }

  // MARK: Names

  /// A name: letters, digits and `_`; or digits alone; or one of the shell's special parameters.
  private mutating func readName() -> String {
    let start = position
    if let first = peek, "@*#?-$!".utf8.contains(first) {
      position += 1
    } else {
      let isNumber = widthOfDigit(at: position) != nil
      while let width = isNumber ? widthOfDigit(at: position) : widthOfNameCharacter(at: position) {
        position += width
      }
    }
    return String(decoding: source[start..<position], as: UTF8.self)
  }

  /// How many bytes the digit here has, if it is one.
  private func widthOfDigit(at index: Int) -> Int? {
    guard index < source.count else { return nil }
    let byte = source[index]
    if byte < 0x80 { return (0x30...0x39).contains(byte) ? 1 : nil }
    let (scalar, width) = scalar(at: index)
    return scalar.properties.generalCategory == .decimalNumber ? width : nil
  }

  /// How many bytes the character here has, if it may stand in a name.
  private func widthOfNameCharacter(at index: Int) -> Int? {
    guard index < source.count else { return nil }
    let byte = source[index]
    if byte < 0x80 {
      let isLetter = (0x61...0x7A).contains(byte | 0x20)
      return isLetter || byte == UInt8(ascii: "_") ? 1 : widthOfDigit(at: index)
    }
    let (scalar, width) = scalar(at: index)
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return width
    default: return widthOfDigit(at: index)
    }
  }

  private func scalar(at index: Int) -> (Unicode.Scalar, width: Int) {
    var decoder = UTF8()
    var iterator = source[index..<min(index + 4, source.count)].makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return ("\u{FFFD}", 1) }
    return (scalar, UTF8.width(scalar))
  }

  private func character(at index: Int) -> String {
    String(Character(scalar(at: index).0))
  }

  // MARK: Bytes

  private var peek: UInt8? { position < source.count ? source[position] : nil }

  private mutating func append(
    _ value: [UInt8], to text: inout [UInt8]
  ) throws(ExpansionError) {
    length += value.count
    guard length <= ShellLexer.maximumLength else { throw .tooLong }
    text.append(contentsOf: value)
  }
}

/// Gathers words as they are read.
struct WordCollector {
  private var words: [String] = []
  private var word: [UInt8] = []
  private var isIdle = false

  /// One that gathers nothing.
  static let idle: WordCollector = {
    var collector = WordCollector()
    collector.isIdle = true
    return collector
  }()

  /// Adds a byte to the word, blank or not.
  mutating func appendRaw(_ byte: UInt8) {
    if !isIdle { word.append(byte) }
  }

  /// Adds bytes to the word, blanks included.
  mutating func appendRaw(_ bytes: some Sequence<UInt8>) {
    if !isIdle { word.append(contentsOf: bytes) }
  }

  /// Adds bytes; blanks end a word.
  mutating func appendSplitting(_ bytes: [UInt8]) {
    guard !isIdle else { return }
    var index = 0
    while index < bytes.count {
      let blank = Whitespace.length(in: bytes[...], at: index)
      if blank > 0 { separate() } else { word.append(bytes[index]) }
      index += max(blank, 1)
    }
  }

  /// Ends a word. There are no empty words, not even quoted ones.
  mutating func separate() {
    guard !word.isEmpty else { return }
    words.append(String(decoding: word, as: UTF8.self))
    word.removeAll(keepingCapacity: true)
  }

  /// The words.
  mutating func finish() -> [String] {
    separate()
    return words
  }
}
