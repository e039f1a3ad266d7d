/// What a text is, read as the JSON of an exec form.
enum JSONArray: Equatable {
  /// A JSON array of strings.
  case strings([Word])
  /// A JSON array with something else in it.
  case mixed
  /// Anything else; to be read as the shell form.
  case notAnArray

  /// Reads the text. Strict JSON; what stands beside the array must be blank.
  static func parse(_ text: ArraySlice<UInt8>) -> JSONArray {
    let text = Whitespace.trimmingStart(text)
    guard text.first == UInt8(ascii: "[") else { return .notAnArray }
    var scanner = JSONScanner(bytes: text)
    return scanner.scanDocument()
  }
}

/// A strict JSON reader that keeps only the strings of the outermost array. Containers are counted
/// on a stack of its own, so that depth costs memory and not the thread's stack.
private struct JSONScanner {
  private enum Container { case array, object }

  /// As deep as Go's decoder goes.
  private static let maximumDepth = 10_000

  let bytes: ArraySlice<UInt8>
  var index: Int
  var strings: [Word] = []
  var isMixed = false
  private var stack: [Container] = []

  init(bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  mutating func scanDocument() -> JSONArray {
    guard scanValues() else { return .notAnArray }
    skipBlanks()
    guard index == bytes.endIndex else { return .notAnArray }
    return isMixed ? .mixed : .strings(strings)
  }

  /// Reads values until the outermost array is closed; false on any error.
  private mutating func scanValues() -> Bool {
    repeat {
      guard let opened = scanValue() else { return false }
      if opened, !closesAtOnce() {
        if stack.last == .object, !scanKey() { return false }
        continue
      }
      // A value has ended: close what ends with it, then go on to the next one.
      while !stack.isEmpty {
        skipBlanks()
        if take(",") {
          if stack.last == .object, !scanKey() { return false }
          break
        }
        guard take(stack.last == .array ? "]" : "}") else { return false }
        stack.removeLast()
      }
    } while !stack.isEmpty
    return true
  }

  /// Reads one value, or the start of a container: true for the latter, nil for an error.
  private mutating func scanValue() -> Bool? {
    skipBlanks()
    let isElement = stack.count == 1
    switch peek {
    case UInt8(ascii: "[")?: return open(.array)
    case UInt8(ascii: "{")?: return open(.object)
    case UInt8(ascii: "\"")?:
      let start = index
      guard let string = scanString() else { return nil }
      if isElement { strings.append(Word(text: string, range: start..<index)) }
      return false
    default:
      isMixed = true
      return take("true") || take("false") || take("null") || scanNumber() ? false : nil
    }
  }

  private mutating func open(_ container: Container) -> Bool? {
    if !stack.isEmpty { isMixed = true }
    guard stack.count < JSONScanner.maximumDepth else { return nil }
    stack.append(container)
    index += 1
    return true
  }

  private mutating func closesAtOnce() -> Bool {
    skipBlanks()
    guard take(stack.last == .array ? "]" : "}") else { return false }
    stack.removeLast()
    return true
  }

  private mutating func scanKey() -> Bool {
    skipBlanks()
    guard peek == UInt8(ascii: "\""), scanString() != nil else { return false }
    skipBlanks()
    return take(":")
  }

  private mutating func scanString() -> String? {
    index += 1
    var text: [UInt8] = []
    while let byte = peek {
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let scalar = scanEscape() else { return nil }
        text.append(contentsOf: String(Character(scalar)).utf8)
      case 0..<0x20: return nil
      default: text.append(byte)
      }
    }
    return nil
  }

  private mutating func scanEscape() -> Unicode.Scalar? {
    guard let byte = peek else { return nil }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return scanUnicodeEscape()
    default: return nil
    }
  }

  /// `\uXXXX`, or a pair of surrogates; a lone surrogate becomes U+FFFD, as in Go.
  private mutating func scanUnicodeEscape() -> Unicode.Scalar? {
    guard let high = scanHex() else { return nil }
    guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
    let start = index
    if take("\\u"), let low = scanHex(), (0xDC00..<0xE000).contains(low) {
      return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }
    index = start
    return "\u{FFFD}"
  }

  private mutating func scanHex() -> UInt32? {
    guard bytes.endIndex - index >= 4 else { return nil }
    var value: UInt32 = 0
    for byte in bytes[index..<(index + 4)] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        return nil
      }
      value = value << 4 | UInt32(digit)
    }
    index += 4
    return value
  }

  /// A number, unless it is beyond what a `Double` holds: Go's decoder refuses that.
  private mutating func scanNumber() -> Bool {
    let start = index
    guard scanNumeral() else { return false }
    return Double(String(decoding: bytes[start..<index], as: UTF8.self))?.isFinite ?? false
  }

  private mutating func scanNumeral() -> Bool {
    _ = take("-")
    if !take("0") {
      guard scanDigits() else { return false }
    }
    if take("."), !scanDigits() { return false }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      return scanDigits()
    }
    return true
  }

  private mutating func scanDigits() -> Bool {
    let start = index
    while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
    return index > start
  }

  private var peek: UInt8? { index < bytes.endIndex ? bytes[index] : nil }

  private mutating func take(_ token: StaticString) -> Bool {
    let count = token.utf8CodeUnitCount
    guard bytes.endIndex - index >= count else { return false }
    let isHere = token.withUTF8Buffer { $0.elementsEqual(bytes[index..<(index + count)]) }
    if isHere { index += count }
    return isHere
  }

  private mutating func skipBlanks() {
    while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
  }
}
