import Glibc

/// Shows the events of a build on a file descriptor, in the way that a mode asks for.
///
/// Events are turned into bytes at once and written by a thread of the display's own: who reports
/// never writes. Where the reader is slow, who reports waits for it as long as it reads at all;
/// where it has stopped, output is left out and the build goes on; where it is gone, nothing is
/// written any more. Memory stays bounded in every case.
package final class ProgressDisplay: EventSink {
  private let core: DisplayCore

  /// A display on `descriptor`, which stays the caller's and must be open until `close`.
  package init(
    _ mode: ProgressMode, on descriptor: CInt = STDERR_FILENO, terminal: TerminalTraits? = nil,
    clock: ProgressClock = .monotonic
  ) {
    let terminal = terminal ?? .detect(descriptor)
    core = DisplayCore(
      renderer: Self.renderer(mode, on: descriptor, terminal: terminal),
      descriptor: PatientDescriptor(number: descriptor),
      clock: clock,
      limits: DisplayLimits())
  }

  init(
    renderer: any ProgressRenderer, descriptor: CInt, clock: ProgressClock, limits: DisplayLimits
  ) {
    core = DisplayCore(
      renderer: renderer, descriptor: PatientDescriptor(number: descriptor), clock: clock,
      limits: limits)
  }

  deinit {
    core.close()
  }

  /// Reports to this display.
  package var reporter: Reporter { Reporter(to: self) }

  /// How many bytes wait to be written.
  var queuedBytes: Int { core.queuedBytes }

  /// Shows one event; after `close`, does nothing.
  package func receive(_ event: BuildEvent) {
    core.receive(event)
  }

  /// Says the last words, gives the cursor back, and waits until all is written or the reader has
  /// stopped reading. Later calls do nothing.
  package func close() {
    core.close()
  }

  /// Runs `body` with a reporter to a display that is closed afterwards, however `body` ends.
  package static func with<Result>(
    _ mode: ProgressMode, on descriptor: CInt = STDERR_FILENO,
    _ body: (Reporter) async throws -> Result
  ) async rethrows -> Result {
    let display = ProgressDisplay(mode, on: descriptor)
    defer { display.close() }
    return try await body(display.reporter)
  }

  /// Gives the cursor back at once; for signal handlers, where nothing else may be called.
  package static func restoreTerminal(_ descriptor: CInt = STDERR_FILENO) {
    // TTYRenderer.restoring, without a String that could allocate.
    let sequence: StaticString = "\u{1B}[?7h\u{1B}[0m\u{1B}[?25h"
    _ = write(descriptor, sequence.utf8Start, sequence.utf8CodeUnitCount)
  }

  private static func renderer(
    _ mode: ProgressMode, on descriptor: CInt, terminal: TerminalTraits
  ) -> any ProgressRenderer {
    let colour = terminal.hasColour
    switch mode.resolved(on: terminal) {
    case .tty: return TTYRenderer(colour: colour) { TerminalSize.current(of: descriptor) }
    case .rawjson: return RawJSONRenderer()
    case .quiet: return QuietRenderer(colour: colour)
    case .plain, .auto: return PlainRenderer(colour: colour)
    }
  }
}
