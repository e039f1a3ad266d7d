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
    throw .tooDeep
  }

  /// Expands the body of a heredoc of `COPY` or `ADD`: quotes stay, and the escape character is
  /// the backslash whatever the Dockerfile's is.
  package static func expandDocument(
    _ body: [UInt8], environment: (String) -> String?
  ) throws(ExpansionError) -> (text: [UInt8], used: Set<String>, unset: Set<String>) {
    throw .tooDeep
  }
}
