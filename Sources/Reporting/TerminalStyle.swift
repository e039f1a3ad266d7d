/// The few ways in which text stands out (SGR of ECMA-48, section 8.3.117).
enum TerminalStyle: String {
  case bold = "1"
  case faint = "2"
  case red = "31"
  case yellow = "33"
  case blue = "34"
  case cyan = "36"
  case boldRed = "1;31"
  case boldYellow = "1;33"
  case boldCyan = "1;36"

  /// `text` in this style.
  func apply(to text: String) -> String {
    "\u{1B}[\(rawValue)m\(text)\u{1B}[0m"
  }
}
