/// A `.dockerignore`, read.
package struct DockerIgnore: Hashable, Sendable {
  private struct Rule: Hashable {
    var pattern: String
    /// Counted from 1; where a pattern stands makes it no other one.
    var line: Int

    static func == (a: Rule, b: Rule) -> Bool { a.pattern == b.pattern }
    func hash(into hasher: inout Hasher) { hasher.combine(pattern) }
  }

  private var rules: [Rule]

  /// Its patterns, trimmed, cleaned, relative, in order; `!` in front of those that take back.
  package var patterns: [String] { rules.map(\.pattern) }

  /// Reads a `.dockerignore`. Any bytes will do.
  ///
  /// Lines that start with `#` in their first column are comments. A pattern's leading `/` counts
  /// for nothing.
  package static func parse(_ bytes: [UInt8]) -> DockerIgnore {
    let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    let lines = bytes.dropFirst(hasMark ? 3 : 0)
      .split(separator: 0x0A, omittingEmptySubsequences: false)
    return DockerIgnore(
      rules: lines.enumerated().compactMap { number, line in
        pattern(line).map { Rule(pattern: $0, line: number + 1) }
      })
  }

  private static func pattern(_ line: ArraySlice<UInt8>) -> String? {
    guard line.first != UInt8(ascii: "#") else { return nil }
    var text = Whitespace.trimming(line)
    guard let first = text.first else { return nil }
    let isException = first == UInt8(ascii: "!")
    if isException { text = Whitespace.trimmingStart(text.dropFirst()) }
    var pattern = text.isEmpty ? "" : PathCleaner.clean(String(decoding: text, as: UTF8.self))
    if pattern.utf8.count > 1, pattern.utf8.first == UInt8(ascii: "/") {
      // A scalar: what follows may be a mark that makes one character of the two.
      pattern.unicodeScalars.removeFirst()
    }
    return isException ? "!" + pattern : pattern
  }

  /// A matcher for the paths to leave out. Throws for the first pattern that cannot be read.
  package func matcher() throws(DockerIgnoreError) -> PatternMatcher {
    do {
      return try PatternMatcher(patterns)
    } catch {
      for rule in rules where (try? PatternMatcher([rule.pattern])) == nil {
        throw DockerIgnoreError(line: rule.line, pattern: rule.pattern)
      }
      throw DockerIgnoreError(line: 1, pattern: error.pattern)
    }
  }
}

/// A line of a `.dockerignore` that is no pattern.
package struct DockerIgnoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  package var line: Int
  package var pattern: String

  package var description: String {
    let hint =
      pattern == "!"
      ? "put what is to be taken back behind the `!`"
      : "a `[` needs its `]`, and a `\\` needs something behind it"
    return "line \(line) of the `.dockerignore`: `\(pattern)` is no pattern; hint: \(hint)"
  }
}
