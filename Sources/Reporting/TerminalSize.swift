import Glibc

/// How many cells a terminal has.
package struct TerminalSize: Sendable, Equatable {
  /// The width.
  package var columns: Int
  /// The height.
  package var rows: Int

  /// A terminal of this size.
  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// What terminals have been since the VT100.
  static let usual = TerminalSize(columns: 80, rows: 24)

  /// Smaller terminals are not worth drawing on.
  var isTiny: Bool { columns < 40 || rows < 8 }

  /// The present size of the terminal at `descriptor`; nil where it is none or does not say.
  package static func current(of descriptor: CInt) -> TerminalSize? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return nil
    }
    return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }
}
