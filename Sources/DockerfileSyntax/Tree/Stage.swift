/// One `FROM` and what follows it.
package struct Stage: Hashable, Sendable {
  /// Its place, from 0: what `COPY --from=<number>` counts.
  package var index: Int
  /// Its name, in lower case; absent without `AS`.
  package var name: String?
  /// Its name as it was written.
  package var spelledName: String?
  /// What it is based on, unexpanded: an image reference, the name of an earlier stage, `scratch`.
  package var base: String
  /// The value of `--platform`, unexpanded.
  package var platform: String?
  /// Where its `FROM` stands.
  package var fromRange: SourceRange
  /// Its `FROM` as one logical line.
  package var text: String
  /// Its `FROM` keyword as it was written, for casing rules.
  package var keyword: String
  /// Its `AS` keyword as it was written, for casing rules.
  package var asKeyword: String?
  /// The comment lines right above it, trimmed, without their `#`.
  package var comments: [String]
  /// The comment above that starts with its name, without the name: its description.
  package var comment: String?
  /// Its instructions, in order.
  package var instructions: [Instruction]
}
