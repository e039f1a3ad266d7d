/// The last lines that a step wrote; takes bounded memory whatever the step writes.
struct OutputTail: Sendable {
  /// How many lines are repeated when a step fails.
  static let mostLines = 20
  /// A longer line is cut.
  static let longestLine = 1000

  private(set) var lines: [OutputLine] = []

  mutating func append(_ line: OutputLine) {
    if lines.count == Self.mostLines { lines.removeFirst() }
    guard line.text.utf8.count > Self.longestLine else {
      lines.append(line)
      return
    }
    let cut = line.text.prefix(Self.longestLine) + "…"
    lines.append(OutputLine(elapsed: line.elapsed, text: String(cut)))
  }

  mutating func removeAll() {
    lines.removeAll()
  }
}
