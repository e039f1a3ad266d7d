/// A pair of `ENV` or `LABEL`; both sides unexpanded, quotes included.
package struct KeyValuePair: Hashable, Sendable {
  /// What stands before the `=`.
  package var key: String
  /// What stands after it; for the legacy form, the rest of the line.
  package var value: String
  /// Whether it was written without `=`, as in `ENV key value`.
  package var isLegacy: Bool

  /// A pair.
  package init(key: String, value: String, isLegacy: Bool = false) {
    self.key = key
    self.value = value
    self.isLegacy = isLegacy
  }
}
