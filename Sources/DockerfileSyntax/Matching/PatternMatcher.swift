/// Matches paths against an ordered list of patterns as moby's patternmatcher does: the last one
/// that matches decides, and `!` takes back. Paths are bytes, relative, without a leading `/`.
package struct PatternMatcher: Sendable {
  /// What is known of a directory, for its entries to build on.
  package struct State: Hashable, Sendable {
    /// Whether the path is matched (for `.dockerignore`: left out).
    package var isMatched: Bool
  }

  /// Compiles the patterns; they are trimmed and cleaned, and empty ones are dropped.
  package init(_ patterns: [String]) throws(PatternError) {}

  /// Whether there is nothing to match.
  package var isEmpty: Bool { true }

  /// Whether the path, or one of its parents, is matched.
  package func matches(_ path: [UInt8]) -> Bool { false }

  /// The state of the root of a walk.
  package var rootState: State { State(isMatched: false) }

  /// The state of an entry, given its whole path and the state of its directory.
  package func state(ofPath path: [UInt8], in parent: State) -> State { parent }

  /// Whether nothing below this directory can be unmatched, so that a walk need not enter it.
  package func canSkipDirectory(_ path: [UInt8], _ state: State) -> Bool { state.isMatched }
}
