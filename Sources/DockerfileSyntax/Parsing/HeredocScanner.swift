/// Finds heredocs in an instruction.
enum HeredocScanner {
  /// `<<EOF`, understood, but for its body.
  struct Opening: Hashable {
    /// The word that opens it, as it was written.
    var word: String
    var name: String
    var fileDescriptor: UInt
    var expands: Bool
    var trimsTabs: Bool
  }

  /// The heredocs that a line opens, in order. A line that the shell could not read, such as one
  /// with a quote that is not closed, opens none.
  static func openings(in line: [UInt8]) throws(InstructionError) -> [Opening] {
    guard mayHaveHeredoc(line) else { return [] }
    var lexer = ShellLexer(line, escape: UInt8(ascii: "\\"))
    lexer.keepsQuotes = true
    lexer.keepsEscapes = true
    lexer.keepsUnset = true
    guard let words = try? lexer.run(lookup: { _ in nil }).words else { return [] }
    var openings: [Opening] = []
    for word in words {
      if let opening = try opening(of: word) { openings.append(opening) }
    }
    return openings
  }

  private static func mayHaveHeredoc(_ line: [UInt8]) -> Bool {
    var previous: UInt8 = 0
    for byte in line {
      if byte == UInt8(ascii: "<"), previous == byte { return true }
      previous = byte
    }
    return false
  }

  /// The heredoc that a whole word opens: digits, `<<`, perhaps `-`, and a word without `<`.
  static func opening(of word: String) throws(InstructionError) -> Opening? {
    var rest = Array(word.utf8)[...]
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    rest = rest[digits.endIndex...]
    guard rest.starts(with: [UInt8(ascii: "<"), UInt8(ascii: "<")]) else { return nil }
    rest = rest.dropFirst(2)
    let trimsTabs = rest.first == UInt8(ascii: "-")
    if trimsTabs { rest = rest.dropFirst() }
    rest = rest.drop(while: Whitespace.isASCII)
    guard !rest.isEmpty, !rest.contains(UInt8(ascii: "<")) else { return nil }
    guard let delimiter = try delimiter(Array(rest)) else { return nil }
    return Opening(
      word: word, name: delimiter.name,
      fileDescriptor: UInt(String(decoding: digits, as: UTF8.self)) ?? (digits.isEmpty ? 0 : .max),
      expands: delimiter.expands, trimsTabs: trimsTabs)
  }

  /// The delimiter without its quotes, and whether it had none.
  private static func delimiter(
    _ text: [UInt8]
  ) throws(InstructionError) -> (name: String, expands: Bool)? {
    var lexer = ShellLexer(text, escape: UInt8(ascii: "\\"))
    lexer.keepsUnset = true
    var raw = lexer
    raw.keepsQuotes = true
    do {
      let words = try lexer.run(lookup: { _ in nil }).words
      guard words.count == 1 else { return nil }
      let rawWords = try raw.run(lookup: { _ in nil }).words
      let isQuoted = rawWords.first.map(quotes) != quotes(words[0])
      return (words[0], !isQuoted)
    } catch {
      throw InstructionError(
        "cannot read the heredoc delimiter `\(String(decoding: text, as: UTF8.self).excerpt)`: "
          + error.summary)
    }
  }

  private static func quotes(_ text: String) -> Int {
    text.utf8.count { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }
  }
}
