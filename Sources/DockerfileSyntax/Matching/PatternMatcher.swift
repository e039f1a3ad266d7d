/// Matches paths against an ordered list of patterns as moby's patternmatcher does: the last one
/// that matches the path or one of its parents decides, and `!` takes back.
///
/// Paths are bytes, relative, without a `/` at either end. A walk keeps a `State` for each
/// directory that it is in, and asks with it, so that parents are matched once:
///
///     let state = matcher.state(ofPath: path, in: parentState)
///     if state.isMatched, matcher.canSkipDirectory(path, state) { … }
package struct PatternMatcher: Sendable {
  /// What is known of a directory, for its entries to build on.
  package struct State: Hashable, Sendable {
    /// Whether the path is matched (for `.dockerignore`: left out).
    package fileprivate(set) var isMatched: Bool
    /// The patterns that match it or a parent: a bit a pattern.
    fileprivate var first: UInt64
    fileprivate var others: [UInt64]
  }

  private let patterns: [IgnorePattern]
  private let glances: [IgnorePattern.Glance]

  /// Compiles the patterns; they are trimmed and cleaned, and empty ones are dropped.
  package init(_ patterns: [String]) throws(PatternError) {
    var compiled: [IgnorePattern] = []
    for pattern in patterns {
      let trimmed = Whitespace.trimming(Array(pattern.utf8)[...])
      if trimmed.isEmpty { continue }
      var text = PathCleaner.clean(String(decoding: trimmed, as: UTF8.self))
      let isException = text.utf8.first == UInt8(ascii: "!")
      if isException { text.removeFirst() }
      if text.isEmpty { throw PatternError(pattern: pattern) }
      compiled.append(try IgnorePattern(text, isException: isException))
    }
    self.patterns = compiled
    glances = compiled.map(\.glance)
  }

  /// Whether there is nothing to match.
  package var isEmpty: Bool { patterns.isEmpty }

  /// Whether some pattern takes back.
  package var hasExceptions: Bool { patterns.contains(where: \.isException) }

  /// The pattern that decides of a path, as it was written; nil where none matches.
  package func decidingPattern(_ path: [UInt8]) -> String? {
    let parents = path.indices.filter { path[$0] == UInt8(ascii: "/") }.map { Array(path[..<$0]) }
    return patterns.last { pattern in
      (parents + [path]).contains { $0.withUnsafeBufferPointer(pattern.matches) }
    }?.text
  }

  /// Whether the path, or one of its parents, is matched.
  package func matches(_ path: [UInt8]) -> Bool {
    path.withUnsafeBufferPointer { path in
      var state = rootState
      for index in path.indices where path[index] == UInt8(ascii: "/") {
        state = self.state(ofPath: UnsafeBufferPointer(rebasing: path[..<index]), in: state)
      }
      return matches(path, in: state)
    }
  }

  /// Whether an entry is matched, given its whole path and the state of its directory: cheaper
  /// than `state` for what is no directory.
  package func matches(_ path: UnsafeBufferPointer<UInt8>, in parent: State) -> Bool {
    for index in glances.indices.reversed()
    where has(parent, index) || (glances[index].admits(path) && patterns[index].matches(path)) {
      return !patterns[index].isException
    }
    return false
  }

  /// The state of the root of a walk.
  package var rootState: State {
    let words = (patterns.count + 63) / 64
    return State(
      isMatched: false, first: 0, others: [UInt64](repeating: 0, count: max(0, words - 1)))
  }

  /// The state of an entry, given its whole path and the state of its directory.
  package func state(ofPath path: [UInt8], in parent: State) -> State {
    path.withUnsafeBufferPointer { state(ofPath: $0, in: parent) }
  }

  /// The state of an entry, given its whole path and the state of its directory.
  package func state(ofPath path: UnsafeBufferPointer<UInt8>, in parent: State) -> State {
    var state = parent
    var isMatched = false
    for index in glances.indices {
      let isException = patterns[index].isException
      if has(parent, index) {
        isMatched = !isException
      } else if isException == isMatched, glances[index].admits(path),
        patterns[index].matches(path)
      {
        // A pattern that would change nothing here is not asked, and so says nothing of what is
        // below: `!a` takes back nothing of `a/b` where it is `a/b` that was left out.
        isMatched = !isException
        set(&state, index)
      }
    }
    state.isMatched = isMatched
    return state
  }

  /// Whether nothing below this directory can be unmatched, so that a walk need not enter it.
  package func canSkipDirectory(_ path: [UInt8], _ state: State) -> Bool {
    path.withUnsafeBufferPointer { canSkipDirectory($0, state) }
  }

  /// Whether nothing below this directory can be unmatched, so that a walk need not enter it.
  package func canSkipDirectory(
    _ path: UnsafeBufferPointer<UInt8>, _ state: State
  ) -> Bool {
    guard state.isMatched else { return false }
    // Only what stands after the pattern that decided here can take back below.
    let deciding = patterns.indices.last { has(state, $0) } ?? 0
    return !patterns[deciding...].contains { $0.isException && $0.mayMatch(below: path) }
  }

  /// Whether some path below this directory may be matched by a pattern without `!`.
  package func mayMatch(below directory: [UInt8]) -> Bool {
    directory.withUnsafeBufferPointer { directory in
      patterns.contains { !$0.isException && $0.mayMatch(below: directory) }
    }
  }

  private func has(_ state: State, _ index: Int) -> Bool {
    let word = index < 64 ? state.first : state.others[index / 64 - 1]
    return word & (1 << UInt64(index % 64)) != 0
  }

  private func set(_ state: inout State, _ index: Int) {
    let bit: UInt64 = 1 << UInt64(index % 64)
    if index < 64 {
      state.first |= bit
    } else {
      state.others[index / 64 - 1] |= bit
    }
  }
}
