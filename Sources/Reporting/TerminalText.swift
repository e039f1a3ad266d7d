/// Text from outside, made harmless to a terminal.
package enum TerminalText {
  /// `text` on one line, without control characters and escape sequences.
  package static func line(_ text: String) -> String {
    if isHarmless(text) { return text }
    return lines(text).joined(separator: " ")
  }

  /// The lines of `text`, each without control characters and escape sequences.
  package static func lines(_ text: String) -> [String] {
    var assembler = LineAssembler()
    // What overwrites in a terminal hides in a source line: everything is shown here.
    let overwriting: [UInt8] = [0x08, 0x0D]
    var lines = assembler.lines(completedBy: text.utf8.filter { !overwriting.contains($0) })
    if let last = assembler.finish() { lines.append(last) }
    return lines
  }

  private static func isHarmless(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
      && text.utf8.count < LineAssembler.longestLine
  }

  /// The scalar to show for `scalar`, which is not ASCII; nil where nothing is to be shown.
  static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    switch scalar.value {
    // C1 controls: U+009B is a control sequence introducer in eight bits.
    case 0x80...0x9F, 0xFEFF: nil
    // Line and paragraph separator.
    case 0x2028, 0x2029: " "
    // Direction controls make text read other than it is written (CVE-2021-42574).
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: "\u{FFFD}"
    default: scalar
    }
  }
}
