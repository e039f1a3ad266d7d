/// An instruction as one line: continuations joined, comments and empty lines inside dropped.
struct LogicalLine {
  /// A stretch of it that stands in one physical line, up to the next stretch.
  struct Part {
    /// Where it starts in the logical line.
    var offset: Int
    /// The number of its physical line.
    var line: Int
    /// Where it starts in that line.
    var column: Int
  }

  /// Its bytes.
  var bytes: [UInt8]
  /// Where its physical lines are; heredocs come after.
  var range: SourceRange
  /// Its parts, in order; never empty.
  var parts: [Part]
  /// The comments above it, trimmed, without `#`.
  var comments: [String]
  /// The first empty line inside it.
  var emptyLine: Int?

  /// Where these bytes of it are in the file.
  func sourceRange(of span: Range<Int>) -> SourceRange {
    let first = part(at: span.lowerBound)
    let last = part(at: max(span.lowerBound, span.upperBound - 1))
    return SourceRange(
      startLine: first.line, endLine: last.line,
      startColumn: first.column + span.lowerBound - first.offset,
      endColumn: last.column + span.upperBound - last.offset)
  }

  /// The last part that does not start behind this byte.
  private func part(at offset: Int) -> Part {
    var low = 0
    var high = parts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if parts[middle].offset <= offset { low = middle } else { high = middle }
    }
    return parts[low]
  }
}

/// Finds the escape character that joins a line to the next one.
enum Continuation {
  /// The line without the escape character at its end and what follows that; nothing if the line
  /// is complete. Blanks may follow the escape character; another one before it takes its power.
  static func trimming(_ line: ArraySlice<UInt8>, escape: UInt8) -> ArraySlice<UInt8>? {
    var end = line.endIndex
    while end > line.startIndex, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
    guard end > line.startIndex, line[end - 1] == escape else { return nil }
    let last = end - 1
    guard last == line.startIndex || line[last - 1] != escape else { return nil }
    return line[..<last]
  }
}
