import Reporting
import Slipway

/// Commands that move images: progress on standard error, Ctrl-C stops them.
enum Transfer {
  /// Runs `body` with a display of its progress. Throws a `CommandFailure` that has been said.
  static func run<Result: Sendable>(
    _ activity: String, _ subject: String, _ mode: ProgressMode,
    _ body: @escaping @Sendable (Home, Reporter) async throws -> Result
  ) async throws -> Result {
    let home = try CommandFailure.explaining { try Home.ofCaller() }
    let display = ProgressDisplay(mode)
    do {
      display.receive(.buildStarted(activity: activity, detail: subject))
      let result = try await Interruption.cancelling { try await body(home, display.reporter) }
      display.receive(.buildFinished(.succeeded))
      display.close()
      return result
    } catch let end as Interruption.Ended {
      display.receive(.buildFinished(.cancelled))
      display.close()
      throw CommandFailure(code: end.exitCode)
    } catch {
      for diagnostic in CommandFailure.diagnostics(of: error) {
        display.receive(.diagnosed(diagnostic))
      }
      display.receive(.buildFinished(.failed))
      display.close()
      throw CommandFailure(code: 1)
    }
  }
}
