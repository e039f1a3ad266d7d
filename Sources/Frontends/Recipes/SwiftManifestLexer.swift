/// Cuts a Swift package manifest into the few kinds of token that a lexical scan needs.
///
/// It knows comments (nested ones too), string literals (raw, over several lines, interpolated) and
/// words; everything else is a single mark. It is total on any bytes and linear in them.
struct SwiftManifestLexer {
  enum Token: Hashable {
    /// A word, or a number.
    case word(String)
    /// A string literal; `nil` when its value is not plain in the text (it has an interpolation).
    case string(String?)
    /// `#if`, `#else` and their kin.
    case directive(String)
    case mark(UInt8)
  }

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  static func tokens(of bytes: [UInt8]) -> [Token] {
    var lexer = SwiftManifestLexer(bytes)
    var tokens: [Token] = []
    while let token = lexer.next() { tokens.append(token) }
    return tokens
  }

  private func peek(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private mutating func next() -> Token? {
    skipBlanks()
    guard let byte = peek() else { return nil }
    if byte == UInt8(ascii: "\"") { return .string(string(hashes: 0)) }
    if byte == UInt8(ascii: "#") { return hash() }
    if Self.isWord(byte) { return .word(word()) }
    // A word in backquotes is that word.
    position += 1
    return byte == UInt8(ascii: "`") ? next() : .mark(byte)
  }

  private mutating func skipBlanks() {
    while let byte = peek() {
      if byte == UInt8(ascii: " ") || (9...13).contains(byte) {
        position += 1
      } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
        while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
      } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
        skipBlockComment()
      } else {
        return
      }
    }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    while let byte = peek() {
      if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
        depth += 1
        position += 2
      } else if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
        depth -= 1
        position += 2
        if depth == 0 { return }
      } else {
        position += 1
      }
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
      true
    default: false
    }
  }

  private mutating func word() -> String {
    let start = position
    while let byte = peek(), Self.isWord(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A raw string literal, or a directive.
  private mutating func hash() -> Token {
    var hashes = 0
    while peek() == UInt8(ascii: "#") {
      hashes += 1
      position += 1
    }
    if peek() == UInt8(ascii: "\"") { return .string(string(hashes: hashes)) }
    return .directive(word())
  }

  /// Reads a literal whose opening quote comes next; `hashes` stood before it.
  private mutating func string(hashes: Int) -> String? {
    let isMultiline = peek(1) == UInt8(ascii: "\"") && peek(2) == UInt8(ascii: "\"")
    position += isMultiline ? 3 : 1
    var value: [UInt8] = []
    var isPlain = !isMultiline
    while let byte = peek() {
      if byte == UInt8(ascii: "\""), closes(isMultiline: isMultiline, hashes: hashes) {
        position += (isMultiline ? 3 : 1) + hashes
        return isPlain ? String(decoding: value, as: UTF8.self) : nil
      }
      if byte == UInt8(ascii: "\\"), hasHashes(hashes, at: 1) {
        position += 1 + hashes
        escape(into: &value, isPlain: &isPlain)
        continue
      }
      // A line's end closes an unterminated literal: the compiler will complain better.
      if byte == UInt8(ascii: "\n"), !isMultiline { return nil }
      value.append(byte)
      position += 1
    }
    isPlain = false
    return nil
  }

  private func closes(isMultiline: Bool, hashes: Int) -> Bool {
    guard isMultiline else { return hasHashes(hashes, at: 1) }
    return peek(1) == UInt8(ascii: "\"") && peek(2) == UInt8(ascii: "\"")
      && hasHashes(hashes, at: 3)
  }

  private func hasHashes(_ count: Int, at offset: Int) -> Bool {
    (0..<count).allSatisfy { peek(offset + $0) == UInt8(ascii: "#") }
  }

  /// Reads what follows an escape's backslash.
  private mutating func escape(into value: inout [UInt8], isPlain: inout Bool) {
    guard let byte = peek() else { return }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "'"): value.append(byte)
    case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
    case UInt8(ascii: "t"): value.append(UInt8(ascii: "\t"))
    case UInt8(ascii: "("):
      isPlain = false
      skipInterpolation()
    default: isPlain = false
    }
  }

  /// Skips to after the parenthesis that ends an interpolation, strings inside it included.
  private mutating func skipInterpolation() {
    var depth = 1
    // Nested literals are read as tokens, so that a parenthesis inside them does not count.
    while depth > 0, let token = next() {
      if token == .mark(UInt8(ascii: "(")) { depth += 1 }
      if token == .mark(UInt8(ascii: ")")) { depth -= 1 }
    }
  }
}
