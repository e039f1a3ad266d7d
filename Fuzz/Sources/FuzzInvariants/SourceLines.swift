import DockerfileSyntax

/// The physical lines of a file, by their numbers from 1.
struct SourceLines {
  private let lines: [ArraySlice<UInt8>]

  init(_ bytes: [UInt8]) {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
      lines.append(bytes[start..<end])
      start = end
    }
    self.lines = lines
  }

  /// The bytes of these lines, their ends included.
  func bytes(_ numbers: Range<Int>) -> [UInt8] {
    Array(lines[(numbers.lowerBound - 1)..<(numbers.upperBound - 1)].joined())
  }

  /// Whether the range is one of this file.
  func contain(_ range: SourceRange) -> Bool {
    let last = max(1, lines.count)
    guard 1...last ~= range.startLine, range.startLine...last ~= range.endLine else { return false }
    if let column = range.startColumn, !holds(column, range.startLine) { return false }
    if let column = range.endColumn, !holds(column, range.endLine) { return false }
    guard range.startLine == range.endLine, let start = range.startColumn,
      let end = range.endColumn
    else { return true }
    return start <= end
  }

  private func holds(_ column: Int, _ line: Int) -> Bool {
    line <= lines.count && 0...lines[line - 1].count ~= column
  }
}
