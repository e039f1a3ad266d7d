/// `ARG name[=default] …`
package struct ArgumentInstruction: Hashable, Sendable {
  /// One declared argument.
  package struct Argument: Hashable, Sendable {
    /// Its name, unexpanded and not validated beyond being there.
    package var name: String
    /// Its default, unexpanded, quotes included; absent where it is only declared.
    package var defaultValue: String?
    /// The comment above that starts with its name, without the name: its description.
    package var comment: String?
  }

  /// The declared arguments, in order; never empty.
  package var arguments: [Argument]
}
