/// How many cells of a terminal a text takes, and cutting text to them.
enum TerminalCells {
  /// The width of `text`, which holds no control characters but tabs; a tab counts as one.
  static func width(of text: String) -> Int {
    var width = 0
    for character in text { width += self.width(of: character) }
    return width
  }

  /// `text` with tabs expanded, cut to `width` cells; `…` stands for what was cut.
  static func fit(_ text: String, in width: Int) -> String {
    let text = expandingTabs(in: text, upTo: width + 1)
    guard self.width(of: text) > width else { return text }
    guard width > 0 else { return "" }
    var (kept, used) = ("", 0)
    for character in text {
      let cells = self.width(of: character)
      guard used + cells < width else { break }
      kept.append(character)
      used += cells
    }
    return kept + "…"
  }

  /// `left` from the first cell and `right` up to the last of `width`; `left` gives way.
  static func spread(_ left: String, _ right: String, in width: Int) -> String {
    let room = width - self.width(of: right) - 1
    guard room > 0, !right.isEmpty else { return fit(left, in: width) }
    let left = fit(left, in: room)
    let gap = width - self.width(of: left) - self.width(of: right)
    return left + String(repeating: " ", count: gap) + right
  }

  /// Stops soon after `limit` cells: what is behind them is cut anyway.
  private static func expandingTabs(in text: String, upTo limit: Int) -> String {
    var (expanded, used) = ("", 0)
    for character in text {
      if character == "\t" {
        let gap = 8 - used % 8
        expanded += String(repeating: " ", count: gap)
        used += gap
      } else {
        expanded.append(character)
        used += width(of: character)
      }
      if used > limit { break }
    }
    return expanded
  }

  private static func width(of character: Character) -> Int {
    if character.isASCII { return 1 }
    var width = 0
    for scalar in character.unicodeScalars {
      // Variation selector 16 asks for the emoji form, which is wide.
      width = max(width, scalar.value == 0xFE0F ? 2 : self.width(of: scalar))
    }
    return width
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: 0
    default: isWide(scalar.value) ? 2 : 1
    }
  }

  /// East Asian Wide and Fullwidth of UAX #11, in ranges that are a little generous: a cell too many
  /// costs a blank, a cell too few a broken line.
  private static func isWide(_ value: UInt32) -> Bool {
    guard value >= 0x1100 else { return false }
    switch value {
    case 0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x23F0, 0x23F3,
      0x25FD...0x25FE, 0x2614...0x2615, 0x2648...0x2653, 0x267F, 0x2693, 0x26A1, 0x26AA...0x26AB,
      0x26BD...0x26BE, 0x26C4...0x26C5, 0x26CE, 0x26D4, 0x26EA, 0x26F2...0x26F3, 0x26F5, 0x26FA,
      0x26FD, 0x2705, 0x270A...0x270B, 0x2728, 0x274C, 0x274E, 0x2753...0x2755, 0x2757,
      0x2795...0x2797, 0x27B0, 0x27BF, 0x2B1B...0x2B1C, 0x2B50, 0x2B55, 0x2E80...0x303E,
      0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
      0x1AFF0...0x1B2FF, 0x1F004, 0x1F0CF, 0x1F18E, 0x1F191...0x1F19A, 0x1F1E6...0x1F265,
      0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F7E0...0x1F7F0, 0x1F900...0x1F9FF,
      0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
      return true
    default:
      return false
    }
  }
}
