/// Which files of a tree are shown; the seam to `.dockerignore`.
package struct TreeFilter: Sendable {
  /// What becomes of a file.
  package enum Decision: Hashable, Sendable {
    case include
    /// For a directory this holds for all that is in it, and nobody looks inside.
    case exclude
    /// A directory that is hidden itself but may hold files that are not. It is shown, with those
    /// only, if it holds any. For other files the same as `exclude`.
    case excludeButDescend
  }

  package let decide: @Sendable (_ path: TreePath, _ isDirectory: Bool) -> Decision
  /// Says what excludes a path that is excluded, for people.
  package var explain: @Sendable (TreePath) -> String = { _ in "a filter" }

  /// `decide` must give the same answer to the same question. It is never asked about the root.
  package init(_ decide: @escaping @Sendable (_ path: TreePath, _ isDirectory: Bool) -> Decision) {
    self.decide = decide
  }

  /// Shows everything.
  package static let everything = TreeFilter { _, _ in .include }
}
