/// What came of expanding a word.
package struct Expansion: Hashable, Sendable {
  /// The text, quotes and escapes taken away.
  package var text: String
  /// The same, split at blanks that are neither quoted nor escaped; what `EXPOSE` uses. There are
  /// no empty words.
  package var words: [String]
  /// The variables that it asked for and that were set.
  package var used: Set<String>
  /// The variables that it asked for and that were not set, also where it says what to do then
  /// (`-`, `+` or `?`).
  package var unset: Set<String>
}
