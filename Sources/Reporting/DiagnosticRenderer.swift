/// Writes diagnostics as text:
///
///     error: `RUN make` failed with exit code 2
///       --> Dockerfile:7
///        6 |
///        7 | >>> RUN make
///          |         ^^^^
///     note: the step ran for 3.2s
///     hint: install `make` in an earlier step
package struct DiagnosticRenderer: Sendable {
  /// Whether severities and marks are coloured.
  package var colour: Bool

  /// Of a longer marked range, a heredoc for one, only the beginning is shown.
  private static let mostMarkedLines = 10
  /// Of a longer line, only the beginning is shown.
  private static let widestLine = 160

  /// Writes with or without colours.
  package init(colour: Bool) {
    self.colour = colour
  }

  /// The text of `diagnostic`, ending in a newline.
  package func render(_ diagnostic: Diagnostic) -> String {
    var message = diagnostic.message
    if let rule = diagnostic.rule { message += " (\(rule))" }
    var lines = paragraph(diagnostic.severity.rawValue, message, style(of: diagnostic.severity))
    if let excerpt = diagnostic.excerpt { lines += render(excerpt) }
    for note in diagnostic.notes { lines += paragraph("note", note, .bold) }
    if let hint = diagnostic.hint { lines += paragraph("hint", hint, .boldCyan) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func style(of severity: Diagnostic.Severity) -> TerminalStyle {
    switch severity {
    case .error: .boldRed
    case .warning: .boldYellow
    case .hint: .boldCyan
    }
  }

  /// Further lines are indented: text from outside cannot pose as a message of its own.
  private func paragraph(_ label: String, _ text: String, _ style: TerminalStyle) -> [String] {
    let lines = TerminalText.lines(text)
    return ["\(styled(label + ":", style)) \(lines.first ?? "")".trimmingEnd]
      + lines.dropFirst().map { "  \($0)".trimmingEnd }
  }

  private func styled(_ text: String, _ style: TerminalStyle) -> String {
    colour ? style.apply(to: text) : text
  }

  // MARK: Excerpts

  private func render(_ excerpt: SourceExcerpt) -> [String] {
    var place = "\(TerminalText.line(excerpt.file)):\(excerpt.marked.lowerBound)"
    if let columns = excerpt.columns { place += ":\(columns.lowerBound)" }
    var lines = ["  --> \(place)"]
    var hidden = 0
    for (offset, text) in excerpt.lines.enumerated() {
      let number = excerpt.firstLine + offset
      let isMarked = excerpt.marked.contains(number)
      if isMarked, number - excerpt.marked.lowerBound >= Self.mostMarkedLines {
        hidden += 1
        continue
      }
      if hidden > 0 { lines.append(elision(of: hidden)) }
      hidden = 0
      lines.append(line(number, text, isMarked: isMarked))
      if number == excerpt.marked.lowerBound, let columns = excerpt.columns,
        let carets = carets(under: text, at: columns)
      {
        lines.append(carets)
      }
    }
    if hidden > 0 { lines.append(elision(of: hidden)) }
    return lines
  }

  private func line(_ number: Int, _ text: String, isMarked: Bool) -> String {
    let text = TerminalCells.fit(TerminalText.line(text), in: Self.widestLine)
    let mark = isMarked ? styled(">>>", .boldRed) : "   "
    return text.isEmpty && !isMarked
      ? gutter(String(number)) : "\(gutter(String(number))) \(mark) \(text)".trimmingEnd
  }

  private func elision(of count: Int) -> String {
    "\(gutter("")) >>> … \(HumanFormat.count(count, "more line"))"
  }

  private func gutter(_ number: String) -> String {
    String(repeating: " ", count: max(0, 4 - number.count)) + number + " |"
  }

  /// Nil where the columns point at nothing that is shown.
  private func carets(under text: String, at columns: Range<Int>) -> String? {
    let bytes = Array(text.utf8)
    let start = columns.lowerBound - 1
    guard start >= 0, start <= bytes.count else { return nil }
    let end = max(start, min(columns.upperBound - 1, bytes.count))
    let before = shownWidth(of: bytes[..<start])
    let width = max(1, shownWidth(of: bytes[..<end]) - before)
    guard before + width <= Self.widestLine else { return nil }
    let carets = styled(String(repeating: "^", count: width), .boldRed)
    return "\(gutter(""))     \(String(repeating: " ", count: before))\(carets)"
  }

  private func shownWidth(of bytes: ArraySlice<UInt8>) -> Int {
    let text = TerminalText.line(String(decoding: bytes, as: UTF8.self))
    return TerminalCells.width(of: TerminalCells.fit(text, in: Int(Int32.max)))
  }
}

extension String {
  fileprivate var trimmingEnd: String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
