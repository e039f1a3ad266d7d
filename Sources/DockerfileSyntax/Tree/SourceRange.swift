/// Where in a Dockerfile a thing stands.
///
/// Lines count from 1. Columns are byte offsets into the physical line, counting from 0, and are
/// absent where only the lines are known.
package struct SourceRange: Hashable, Sendable {
  /// The first line.
  package var startLine: Int
  /// The last line, never before the first.
  package var endLine: Int
  /// The first byte on the first line.
  package var startColumn: Int?
  /// The byte after the last one, on the last line.
  package var endColumn: Int?

  /// A range of whole lines, or of a part of them.
  package init(
    startLine: Int, endLine: Int, startColumn: Int? = nil, endColumn: Int? = nil
  ) {
    self.startLine = startLine
    self.endLine = max(startLine, endLine)
    self.startColumn = startColumn
    self.endColumn = endColumn
  }

  /// One whole line.
  package init(line: Int) {
    self.init(startLine: line, endLine: line)
  }
}
