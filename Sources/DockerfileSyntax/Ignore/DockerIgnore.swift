/// A `.dockerignore`, read.
package struct DockerIgnore: Hashable, Sendable {
  /// Its patterns, trimmed, cleaned, relative, in order; `!` in front of those that take back.
  package var patterns: [String]

  /// Reads a `.dockerignore`. Any bytes will do.
  ///
  /// Lines that start with `#` in their first column are comments. A pattern's leading `/` counts
  /// for nothing.
  package static func parse(_ bytes: [UInt8]) -> DockerIgnore {
    let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    let lines = bytes.dropFirst(hasMark ? 3 : 0).split(separator: 0x0A)
    return DockerIgnore(patterns: lines.compactMap(pattern))
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

  /// A matcher for the paths to leave out. Throws for a pattern that cannot be read.
  package func matcher() throws(PatternError) -> PatternMatcher {
    try PatternMatcher(patterns)
  }
}
