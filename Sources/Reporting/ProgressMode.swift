/// How progress is shown, as in `--progress`.
package enum ProgressMode: String, Sendable, CaseIterable {
  /// `tty` on a terminal that is fit for it, else `plain`.
  case auto
  /// Lines that are only ever added.
  case plain
  /// Redrawn in place; `plain` where that cannot be.
  case tty
  /// A JSON object a line.
  case rawjson
  /// Nothing but errors.
  case quiet

  /// What becomes of `auto` and `tty`: always `plain`, `tty`, `rawjson` or `quiet`.
  package func resolved(on terminal: TerminalTraits) -> ProgressMode {
    switch self {
    case .plain, .rawjson, .quiet: return self
    case .auto, .tty:
      // A terminal of unknown size is drawn on only where the user insists.
      let size = terminal.size ?? (self == .tty ? .usual : nil)
      guard terminal.isTerminal, !terminal.isDumb, let size, !size.isTiny else { return .plain }
      return .tty
    }
  }
}
