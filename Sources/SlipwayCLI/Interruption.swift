import Dispatch
import Glibc
import Reporting
import Synchronization

/// Ctrl-C and SIGTERM: the first asks a task to stop, the second ends the process.
enum Interruption {
  /// What ended because of a signal, the exit code that shells give it.
  struct Ended: Error {
    let signal: Int32
    var exitCode: Int32 { 128 + signal }
  }

  /// Runs `body`; a signal cancels it. Throws `Ended` where that ended it, else what `body` throws.
  static func cancelling<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let task = Task { try await body() }
    let first = Mutex<Int32>(SIGINT)
    let sources = watch([SIGINT, SIGTERM, SIGHUP]) { signal, count in
      if count == 1, !task.isCancelled { first.withLock { $0 = signal } }
      task.cancel()
      if count > 1 {
        ProgressDisplay.restoreTerminal()
        _exit(128 + signal)
      }
    }
    defer { for source in sources { source.cancel() } }
    do {
      return try await task.value
    } catch is CancellationError {
      throw Ended(signal: first.withLock { $0 })
    }
  }

  /// Calls `handler` with each signal that comes, and how many there have been.
  static func watch(
    _ signals: [Int32], _ handler: @escaping @Sendable (Int32, Int) -> Void
  ) -> [any DispatchSourceSignal] {
    let queue = DispatchQueue(label: "slipway.signals")
    // What is ignored from the start stays so: `nohup`, and jobs in a script's background.
    return signals.filter { !isIgnored($0) }.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      nonisolated(unsafe) var count = 0
      source.setEventHandler {
        count += 1
        handler(number, count)
      }
      source.resume()
      return source
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
