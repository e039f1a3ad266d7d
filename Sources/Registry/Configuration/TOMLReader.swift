/// Reads TOML (toml.io, v1.0.0), all of it: total on any bytes.
///
/// Floats, dates and times are kept as they are written, for nothing here means anything by them.
struct TOMLReader {
  private let bytes: [UInt8]
  private var position = 0
  /// The line that `position` is on, from 1.
  private(set) var line = 1

  private static let deepest = 64

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// A fault, and the line it is on, from 1.
  struct Failure: Error, Hashable {
    let fault: TOMLFault
    let line: Int
  }

  /// The table that the whole document is.
  static func read(_ bytes: [UInt8]) throws(Failure) -> [String: TOMLValue] {
    var reader = TOMLReader(bytes: bytes)
    do {
      guard case .table(let table) = try reader.readDocument().content else { return [:] }
      return table
    } catch {
      throw Failure(fault: error, line: reader.line)
    }
  }

  private mutating func readDocument() throws(TOMLFault) -> TOMLValue {
    try checkEncoding()
    // Editors of Windows put a byte order mark before the text.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    let root = TOMLTable(.header, line: 1)
    var current = root
    while true {
      try skipBlankLines()
      guard let byte = next else { return root.value }
      if byte == UInt8(ascii: "[") {
        current = try readHeader(in: root)
      } else {
        let path = try readKey()
        guard take("=") else { throw .equals }
        skipBlanks()
        try current.set(path, to: readValue(depth: 0))
      }
      try readLineEnd()
    }
  }

  private mutating func checkEncoding() throws(TOMLFault) {
    guard String(validating: bytes, as: UTF8.self) == nil else { return }
    for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if String(validating: part, as: UTF8.self) == nil { break }
      line += 1
    }
    throw .notUTF8
  }

  // MARK: - Lines

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func isNext(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  private mutating func take(_ text: String) -> Bool {
    guard isNext(text) else { return false }
    position += text.utf8.count
    return true
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
  }

  private mutating func takeNewline() -> Bool {
    guard take("\n") || take("\r\n") else { return false }
    line += 1
    return true
  }

  private mutating func skipComment() throws(TOMLFault) {
    guard next == UInt8(ascii: "#") else { return }
    while let byte = next, byte != UInt8(ascii: "\n"), !isNext("\r\n") {
      try checkText(byte)
      position += 1
    }
  }

  private mutating func skipBlankLines() throws(TOMLFault) {
    repeat {
      skipBlanks()
      try skipComment()
    } while takeNewline()
  }

  private mutating func readLineEnd() throws(TOMLFault) {
    skipBlanks()
    try skipComment()
    guard next == nil || takeNewline() else { throw .lineEnd }
  }

  private func checkText(_ byte: UInt8) throws(TOMLFault) {
    guard byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") else {
      throw .controlCharacter
    }
  }

  // MARK: - Keys

  private mutating func readHeader(in root: TOMLTable) throws(TOMLFault) -> TOMLTable {
    let isElement = take("[[")
    if !isElement { position += 1 }
    skipBlanks()
    let path = try readKey()
    guard take(isElement ? "]]" : "]") else { throw .header }
    return isElement
      ? try root.element(header: path, line: line) : try root.table(header: path, line: line)
  }

  /// The parts of a key, and the blanks after it.
  private mutating func readKey() throws(TOMLFault) -> [String] {
    var path: [String] = []
    repeat {
      guard path.count < TOMLReader.deepest else { throw .depth }
      skipBlanks()
      path.append(try readSimpleKey())
      skipBlanks()
    } while take(".")
    return path
  }

  private mutating func readSimpleKey() throws(TOMLFault) -> String {
    if next == UInt8(ascii: "\""), !isNext("\"\"\"") { return try readBasicString() }
    if next == UInt8(ascii: "'"), !isNext("'''") { return try readLiteralString() }
    let start = position
    while let byte = next, TOMLReader.isBare(byte) { position += 1 }
    guard position > start else { throw .key }
    return text(from: start)
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private func text(from start: Int) -> String {
    String(decoding: bytes[start..<position], as: UTF8.self)
  }

  // MARK: - Values

  private mutating func readValue(depth: Int) throws(TOMLFault) -> TOMLValue {
    guard depth < TOMLReader.deepest else { throw .depth }
    let begin = line
    let content: TOMLValue.Content =
      switch next {
      case UInt8(ascii: "\""):
        .string(isNext("\"\"\"") ? try readLongBasicString() : try readBasicString())
      case UInt8(ascii: "'"):
        .string(isNext("'''") ? try readLongLiteralString() : try readLiteralString())
      case UInt8(ascii: "["): try readArray(depth: depth)
      case UInt8(ascii: "{"): try readInlineTable(depth: depth)
      default: try readScalar()
      }
    return TOMLValue(content: content, line: begin)
  }

  private mutating func readArray(depth: Int) throws(TOMLFault) -> TOMLValue.Content {
    position += 1
    var elements: [TOMLValue] = []
    while true {
      try skipBlankLines()
      if take("]") { return .array(elements) }
      elements.append(try readValue(depth: depth + 1))
      try skipBlankLines()
      guard take(",") || next == UInt8(ascii: "]") else { throw .array }
    }
  }

  private mutating func readInlineTable(depth: Int) throws(TOMLFault) -> TOMLValue.Content {
    position += 1
    let table = TOMLTable(.header, line: line)
    skipBlanks()
    if take("}") { return table.value.content }
    repeat {
      let path = try readKey()
      guard take("=") else { throw .equals }
      skipBlanks()
      // The tables of a dotted key count too: each is a level that is walked through later.
      try table.set(path, to: readValue(depth: depth + path.count))
      skipBlanks()
    } while take(",")
    guard take("}") else { throw .inlineTable }
    return table.value.content
  }

  /// Booleans, numbers, dates and times.
  private mutating func readScalar() throws(TOMLFault) -> TOMLValue.Content {
    let start = position
    skipScalarBytes()
    // A date may be followed by a blank and a time.
    if position - start == 10, isNext(" "),
      bytes[position...].dropFirst().first.map(isDigit) == true,
      TOMLScalar.isDateOrTime(text(from: start))
    {
      position += 1
      skipScalarBytes()
    }
    let word = text(from: start)
    if let content = try TOMLScalar.content(of: word) { return content }
    position = start
    throw .value
  }

  private mutating func skipScalarBytes() {
    while let byte = next, TOMLReader.isBare(byte) || "+.:".utf8.contains(byte) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  // MARK: - Strings

  private mutating func readLiteralString() throws(TOMLFault) -> String {
    position += 1
    let start = position
    while let byte = next, byte != UInt8(ascii: "'") {
      try checkStringByte(byte)
      position += 1
    }
    guard next != nil else { throw .openString }
    defer { position += 1 }
    return text(from: start)
  }

  private mutating func readBasicString() throws(TOMLFault) -> String {
    position += 1
    var value: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      try checkStringByte(byte)
      position += 1
      if byte == UInt8(ascii: "\\") {
        value += String(try readEscape()).utf8
      } else {
        value.append(byte)
      }
    }
    guard next != nil else { throw .openString }
    position += 1
    return String(decoding: value, as: UTF8.self)
  }

  /// A string on one line ends on it.
  private func checkStringByte(_ byte: UInt8) throws(TOMLFault) {
    if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { throw .openString }
    try checkText(byte)
  }

  private mutating func readLongLiteralString() throws(TOMLFault) -> String {
    var value: [UInt8] = []
    try readLong("'", into: &value) { (_, _) throws(TOMLFault) in false }
    return String(decoding: value, as: UTF8.self)
  }

  private mutating func readLongBasicString() throws(TOMLFault) -> String {
    var value: [UInt8] = []
    try readLong("\"", into: &value) { (reader, value) throws(TOMLFault) in
      guard reader.take("\\") else { return false }
      if !reader.skipContinuation() { value += String(try reader.readEscape()).utf8 }
      return true
    }
    return String(decoding: value, as: UTF8.self)
  }

  /// Reads up to three quotes; `special` takes what is not to be taken as it is.
  private mutating func readLong(
    _ quote: String, into value: inout [UInt8],
    special: (inout TOMLReader, inout [UInt8]) throws(TOMLFault) -> Bool
  ) throws(TOMLFault) {
    position += 3
    _ = takeNewline()
    let end = String(repeating: quote, count: 3)
    while let byte = next {
      if take(end) {
        // One or two quotes may stand before the three that end it.
        for _ in 0..<2 where take(quote) { value += quote.utf8 }
        return
      }
      if try special(&self, &value) { continue }
      if takeNewline() {
        value.append(UInt8(ascii: "\n"))
      } else {
        try checkText(byte)
        value.append(byte)
        position += 1
      }
    }
    throw .openString
  }

  /// After a backslash at the end of a line: all blanks and newlines up to the next text.
  private mutating func skipContinuation() -> Bool {
    let start = position
    skipBlanks()
    guard takeNewline() else {
      position = start
      return false
    }
    repeat { skipBlanks() } while takeNewline()
    return true
  }

  private mutating func readEscape() throws(TOMLFault) -> Unicode.Scalar {
    guard let byte = next else { throw .openString }
    position += 1
    switch byte {
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"): return try readUnicodeEscape(digits: 4)
    case UInt8(ascii: "U"): return try readUnicodeEscape(digits: 8)
    default: throw .escape
    }
  }

  private mutating func readUnicodeEscape(digits count: Int) throws(TOMLFault) -> Unicode.Scalar {
    let digits = bytes[position...].prefix(count)
    let isHex = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    guard digits.count == count, isHex,
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw .escape }
    position += count
    return scalar
  }
}
