extension PreservedJSON {
  /// Reads a document; throws where it is none. Linear in its length, whatever it holds.
  init(_ bytes: [UInt8]) throws(SyntaxError) {
    var reader = Reader(bytes: bytes)
    if String(validating: bytes, as: UTF8.self) == nil { throw reader.error(.notUTF8) }
    reader.skipBlanks()
    self = try reader.readValue(depth: 0)
    reader.skipBlanks()
    if reader.position < bytes.count { throw reader.error(.rest) }
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    private static let deepest = 100

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    func error(_ problem: SyntaxError.Problem) -> SyntaxError {
      let before = bytes[..<position]
      let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
      return SyntaxError(
        line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: position - lineStart + 1,
        problem: problem)
    }

    mutating func skipBlanks() {
      while let byte = next, " \t\r\n".utf8.contains(byte) { position += 1 }
    }

    /// Takes the byte if it comes next, and the blanks after it.
    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
      guard next == UInt8(ascii: byte) else { return false }
      position += 1
      skipBlanks()
      return true
    }

    mutating func readValue(depth: Int) throws(SyntaxError) -> PreservedJSON {
      guard depth < Reader.deepest else { throw error(.depth) }
      switch next {
      case UInt8(ascii: "{"): return try readObject(depth: depth)
      case UInt8(ascii: "["): return try readArray(depth: depth)
      case UInt8(ascii: "\""): return .string(try readText())
      default:
        if takeWord("true") { return .boolean(true) }
        if takeWord("false") { return .boolean(false) }
        if takeWord("null") { return .null }
        guard next == UInt8(ascii: "-") || nextIsDigit else { throw error(.value) }
        return .number(try readNumber())
      }
    }

    private mutating func takeWord(_ word: String) -> Bool {
      guard bytes[position...].starts(with: word.utf8) else { return false }
      position += word.utf8.count
      return true
    }

    private mutating func readObject(depth: Int) throws(SyntaxError) -> PreservedJSON {
      _ = take("{")
      if takeEnd("}") { return .object([]) }
      var members: [Member] = []
      repeat {
        guard next == UInt8(ascii: "\"") else { throw error(.key) }
        let key = try readText()
        skipBlanks()
        guard take(":") else { throw error(.colon) }
        members.append(Member(key: key, value: try readValue(depth: depth + 1)))
        skipBlanks()
      } while take(",")
      guard takeEnd("}") else { throw error(.separator) }
      return .object(members)
    }

    private mutating func readArray(depth: Int) throws(SyntaxError) -> PreservedJSON {
      _ = take("[")
      if takeEnd("]") { return .array([]) }
      var elements: [PreservedJSON] = []
      repeat {
        elements.append(try readValue(depth: depth + 1))
        skipBlanks()
      } while take(",")
      guard takeEnd("]") else { throw error(.separator) }
      return .array(elements)
    }

    private mutating func takeEnd(_ byte: Unicode.Scalar) -> Bool {
      guard next == UInt8(ascii: byte) else { return false }
      position += 1
      return true
    }

    private mutating func readNumber() throws(SyntaxError) -> String {
      let start = position
      if next == UInt8(ascii: "-") { position += 1 }
      let first = next
      let whole = skipDigits()
      guard whole > 0, whole == 1 || first != UInt8(ascii: "0") else { throw error(.number) }
      if next == UInt8(ascii: ".") {
        position += 1
        guard skipDigits() > 0 else { throw error(.number) }
      }
      if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
        position += 1
        if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
        guard skipDigits() > 0 else { throw error(.number) }
      }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skipDigits() -> Int {
      let start = position
      while nextIsDigit { position += 1 }
      return position - start
    }

    private var nextIsDigit: Bool {
      next.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
    }

    private mutating func readText() throws(SyntaxError) -> Text {
      position += 1
      let start = position
      var value: [UInt8] = []
      while let byte = next, byte != UInt8(ascii: "\"") {
        guard byte >= 0x20 else { throw error(.string) }
        position += 1
        if byte == UInt8(ascii: "\\") {
          value += String(try readEscape()).utf8
        } else {
          value.append(byte)
        }
      }
      guard next != nil else { throw error(.string) }
      let source = String(decoding: bytes[start..<position], as: UTF8.self)
      position += 1
      return Text(value: String(decoding: value, as: UTF8.self), source: source)
    }

    private mutating func readEscape() throws(SyntaxError) -> Unicode.Scalar {
      guard let byte = next else { throw error(.escape) }
      position += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{C}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"): return try readUnicodeEscape()
      default:
        position -= 1
        throw error(.escape)
      }
    }

    /// Half a surrogate pair becomes U+FFFD, as in Go.
    private mutating func readUnicodeEscape() throws(SyntaxError) -> Unicode.Scalar {
      let unit = try readHexUnit()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      guard unit < 0xDC00, takeWord("\\u") else { return "\u{FFFD}" }
      let afterEscape = position
      let low = try readHexUnit()
      guard (0xDC00...0xDFFF).contains(low) else {
        position = afterEscape - 2
        return "\u{FFFD}"
      }
      return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func readHexUnit() throws(SyntaxError) -> UInt32 {
      guard position + 4 <= bytes.count else { throw error(.escape) }
      var unit: UInt32 = 0
      for byte in bytes[position..<position + 4] {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
          throw error(.escape)
        }
        unit = unit << 4 | UInt32(digit)
      }
      position += 4
      return unit
    }
  }
}
