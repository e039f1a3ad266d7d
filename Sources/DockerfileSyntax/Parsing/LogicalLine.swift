/// An instruction as one line: continuations joined, comments and empty lines inside dropped.
struct LogicalLine {
  /// Its bytes.
  var bytes: [UInt8]
  /// Where its physical lines are; heredocs come after.
  var range: SourceRange
  /// The comments above it, trimmed, without `#`.
  var comments: [String]
  /// The first empty line inside it.
  var emptyLine: Int?
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
