/// A pattern that cannot be read, such as one with a `[` that is not closed.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The pattern.
  package var pattern: String

  package var description: String { "syntax error in pattern `\(pattern)`" }
}
