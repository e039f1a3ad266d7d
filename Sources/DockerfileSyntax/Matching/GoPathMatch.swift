/// Matches paths as Go's `filepath.Match` does: the wildcards of `COPY`.
package enum GoPathMatch {
  /// Whether the whole path matches. `*` and `?` never match `/`.
  package static func matches(
    pattern: String, path: String
  ) throws(PatternError) -> Bool { false }

  /// Whether the text has a wildcard that is not escaped.
  package static func containsWildcard(_ text: String) -> Bool { false }
}
