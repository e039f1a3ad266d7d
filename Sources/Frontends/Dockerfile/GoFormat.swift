/// Values as Go's `fmt` writes them: the form that BuildKit gives to history entries.
enum GoFormat {
  /// `%v` of a list of strings.
  static func list(_ items: [String]) -> String { "[" + items.joined(separator: " ") + "]" }

  /// `%q` of a list of strings.
  static func quotedList(_ items: [String]) -> String { list(items.map(quoted)) }

  /// `%q` of a string.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{07}": result += "\\a"
      case "\u{08}": result += "\\b"
      case "\u{0c}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0b}": result += "\\v"
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        result += "\\x" + hexadecimal(scalar.value, digits: 2)
      case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x10000: result += "\\u" + hexadecimal(scalar.value, digits: 4)
      default: result += "\\U" + hexadecimal(scalar.value, digits: 8)
      }
    }
    return result + "\""
  }

  /// `%v` of a duration in nanoseconds: `1m30s`, `1.5s`, `250ms`, `0s`.
  static func duration(_ nanoseconds: Int64) -> String {
    let sign = nanoseconds < 0 ? "-" : ""
    let magnitude = nanoseconds.magnitude
    switch magnitude {
    case 0: return "0s"
    case ..<1_000: return "\(sign)\(magnitude)ns"
    case ..<1_000_000: return sign + decimal(magnitude, unit: 1_000) + "µs"
    case ..<1_000_000_000: return sign + decimal(magnitude, unit: 1_000_000) + "ms"
    default:
      let (minutes, rest) = magnitude.quotientAndRemainder(dividingBy: 60_000_000_000)
      let seconds = decimal(rest, unit: 1_000_000_000) + "s"
      if minutes == 0 { return sign + seconds }
      if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
      return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }
  }

  private static func decimal(_ value: UInt64, unit: UInt64) -> String {
    let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
    if rest == 0 { return "\(whole)" }
    var fraction = String(String(unit + rest).dropFirst())
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(whole).\(fraction)"
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  /// Close to Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols, and the plain
  /// space alone among the blanks.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }
}
