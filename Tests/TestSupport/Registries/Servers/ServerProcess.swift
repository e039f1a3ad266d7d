import Glibc
import Synchronization
import SystemPackage

/// A server program, which ends with this process at the latest.
final class ServerProcess: Sendable {
  private let running: RunningCommand
  private let isStopped = Mutex(false)

  private init(_ running: RunningCommand) {
    self.running = running
  }

  deinit { kill() }

  /// Starts a program and waits until it has written `text`. Throws `Command.Failure` where it ends
  /// without.
  static func start(
    _ program: String, _ arguments: [String], untilItSays text: String
  ) async throws -> ServerProcess {
    var command = Command("setpriv", ["--pdeathsig", "KILL", program] + arguments)
    command.timeout = 24 * 60 * 60
    let process = ServerProcess(try await ServerProcess.start(command))
    try await process.running.waits(for: text)
    return process
  }

  /// The kernel sends that signal when the thread goes that started the program, not when the process
  /// does (prctl(2), PR_SET_PDEATHSIG): so this one stays.
  private static func start(_ command: Command) async throws -> RunningCommand {
    try await withCheckedThrowingContinuation { continuation in
      let hasStarted = ServerThread.start {
        let result = Result { try command.start() }
        continuation.resume(with: result)
        guard let process = try? result.get().process else { return }
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
      }
      if !hasStarted { continuation.resume(throwing: Errno.resourceTemporarilyUnavailable) }
    }
  }

  /// What it has written to either stream.
  var log: String { running.outputSoFar + running.errorsSoFar }

  /// Ends it and waits until it has ended.
  func stop() async {
    kill()
    _ = try? await running.result()
  }

  private func kill() {
    let isFirst = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return !isStopped
    }
    guard isFirst else { return }
    running.send(signalToAll: SIGKILL)
    // What has ended remains a zombie until it is asked for.
    Task.detached { [running] in _ = try? await running.result() }
  }
}
