/// A `--mount` of a `RUN` as it was written: its keys in order, values unexpanded.
package struct MountFlag: Hashable, Sendable {
  /// One field: `key=value`, or a key alone.
  package struct Option: Hashable, Sendable {
    /// The key, in lower case.
    package var key: String
    /// The value, unexpanded; absent for a key alone.
    package var value: String?
  }

  /// The fields, in order.
  package var options: [Option]
  /// What was written after `--mount=`.
  package var text: String
  /// Where it was written; absent where it stands in no file.
  package var range: SourceRange?

  /// The `from` of the mount, which is never expanded.
  package var from: String? { options.last { $0.key == "from" }?.value }
}
