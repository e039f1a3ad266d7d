import DockerfileSyntax

/// What `.dockerignore` leaves out is not there to be copied.
///
/// After BuildKit: silent where a later pattern takes something back at or below the source, because
/// what is left then depends on the files.
struct CopyIgnoredFile: Sendable {
  private let patterns: [Pattern]
  private let matcher: PatternMatcher?

  private struct Pattern: Sendable {
    let text: String
    /// For this pattern alone; nil for one that takes back.
    let matcher: PatternMatcher?
  }

  /// The patterns of the ignore file, cleaned. Those that cannot be read are told elsewhere.
  init(_ patterns: [String]) {
    self.patterns = patterns.map { text in
      Pattern(text: text, matcher: text.hasPrefix("!") ? nil : try? PatternMatcher([text]))
    }
    matcher = try? PatternMatcher(patterns)
  }

  /// Looks at a source of `COPY` or `ADD` that is a path of the main build context.
  func check(_ source: String) -> LintFinding? {
    let path = ImagePath.cleanKeepingRelative(source)
    let isRoot = path == "." || path == "/"
    guard let matcher, !isRoot || leavesOutEverything, matcher.matches(Array(path.utf8)),
      !takesBack(at: path)
    else { return nil }
    return LintFinding(
      .copyIgnoredFile, "`\(source)` is left out by `.dockerignore`, so it cannot be copied",
      hint: "take it out of `.dockerignore`, or do not copy it", culprit: source)
  }

  private var leavesOutEverything: Bool {
    patterns.contains { ["*", "**", "**/*"].contains($0.text) }
  }

  /// Whether a pattern behind the one that leaves the source out may take something of it back.
  private func takesBack(at path: String) -> Bool {
    let bytes = Array(path.utf8)
    let deciding = patterns.lastIndex { $0.matcher?.matches(bytes) ?? false } ?? 0
    let source = path == "." ? ("", false) : Self.literalStart(path.drop { $0 == "/" })
    return patterns[deciding...].contains { pattern in
      guard pattern.text.hasPrefix("!") else { return false }
      let (start, isWild) = Self.literalStart(pattern.text.dropFirst())
      return Self.isAtOrBelow(start, source.0) || (isWild && Self.isAtOrBelow(source.0, start))
    }
  }

  /// The components before the first one with a wildcard or an escape, and whether there is one.
  private static func literalStart(_ path: Substring) -> (start: String, isWild: Bool) {
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    let literal = components.prefix { !$0.contains { #"*?[\"#.contains($0) } }
    return (literal.joined(separator: "/"), literal.count < components.count)
  }

  private static func isAtOrBelow(_ path: String, _ base: String) -> Bool {
    base.isEmpty || path == base || path.hasPrefix(base + "/")
  }
}
