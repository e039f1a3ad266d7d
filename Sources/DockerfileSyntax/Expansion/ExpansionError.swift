/// Why a word cannot be expanded.
package enum ExpansionError: Error, Hashable, Sendable, CustomStringConvertible {
  case unterminatedSingleQuote
  case unterminatedDoubleQuote
  /// `${` without its `}`.
  case missingBrace
  /// `${x/pattern` without its second `/`.
  case missingSlash
  /// `${}`, `${:x}` or `${{`.
  case badSubstitution
  case unsupportedModifier(String)
  case invalidPattern(pattern: String, escape: String)
  /// `${x?message}`, and x is unset or empty.
  case required(name: String, message: String)
  /// More `${` within each other than any real Dockerfile has.
  case tooDeep
  /// The result would be larger than any real value.
  case tooLong

  package var description: String { "" }
}
