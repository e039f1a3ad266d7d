import Glibc

/// What decides how a file descriptor can be written to.
package struct TerminalTraits: Sendable, Equatable {
  /// Whether it is a terminal at all.
  package var isTerminal: Bool
  /// Whether the terminal knows no escape sequences (`TERM=dumb`).
  package var isDumb: Bool
  /// Whether the user wants no colours (`NO_COLOR`, not empty).
  package var refusesColour: Bool
  /// Nil where it is unknown.
  package var size: TerminalSize?

  /// States all traits.
  package init(isTerminal: Bool, isDumb: Bool, refusesColour: Bool, size: TerminalSize?) {
    self.isTerminal = isTerminal
    self.isDumb = isDumb
    self.refusesColour = refusesColour
    self.size = size
  }

  /// Asks the descriptor and the environment.
  package static func detect(
    _ descriptor: CInt, environment: (String) -> String? = processEnvironment
  ) -> TerminalTraits {
    TerminalTraits(
      isTerminal: isatty(descriptor) == 1,
      isDumb: environment("TERM") == "dumb",
      refusesColour: !(environment("NO_COLOR") ?? "").isEmpty,
      size: TerminalSize.current(of: descriptor))
  }

  /// A variable of this process.
  package static func processEnvironment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// Whether colours work and are welcome.
  package var hasColour: Bool { isTerminal && !isDumb && !refusesColour }
}
