/// Expands variables and takes quotes away, as BuildKit's shell lexer does.
package struct Expander: Sendable {
  /// The escape character of the Dockerfile: a backslash, or a backquote.
  package var escape: UInt8

  /// An expander for a Dockerfile with this escape character.
  package init(escape: UInt8 = UInt8(ascii: "\\")) {
    self.escape = escape
  }

  /// Expands a word. `environment` answers a variable's value, or nothing where it is unset.
  package func expand(
    _ word: String, environment: (String) -> String?
  ) throws(ExpansionError) -> Expansion {
    // Most words have nothing to expand.
    guard word.utf8.contains(where: isSpecial) else {
      let words = WordSplitter.atBlanks(Array(word.utf8)[...]).map(\.text)
      return Expansion(text: word, words: words, used: [], unset: [])
    }
    var lexer = ShellLexer(Array(word.utf8), escape: escape)
    let output = try lexer.run(lookup: environment)
    return Expansion(
      text: String(decoding: output.text, as: UTF8.self), words: output.words,
      used: lexer.used, unset: lexer.unset)
  }

  /// Expands the body of a heredoc of `COPY` or `ADD`: quotes stay, the escape character is the
  /// backslash whatever the Dockerfile's is, and it is dropped before any character.
  package static func expandDocument(
    _ body: [UInt8], environment: (String) -> String?
  ) throws(ExpansionError) -> (text: [UInt8], used: Set<String>, unset: Set<String>) {
    var lexer = ShellLexer(body, escape: UInt8(ascii: "\\"))
    lexer.ignoresQuotes = true
    let text = try lexer.runText(lookup: environment)
    return (text, lexer.used, lexer.unset)
  }

  private func isSpecial(_ byte: UInt8) -> Bool {
    byte == escape || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "\"")
      || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "<") || byte >= 0x80
  }
}
