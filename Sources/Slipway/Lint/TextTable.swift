/// Rows of cells, each column as wide as its widest cell.
struct TextTable {
  private let rows: [[String]]
  private let gap: Int

  /// A table with `gap` blanks between columns.
  init(_ rows: [[String]], gap: Int) {
    self.rows = rows
    self.gap = gap
  }

  /// The lines, without blanks at their ends.
  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + gap)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
