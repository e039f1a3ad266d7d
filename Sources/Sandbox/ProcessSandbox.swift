package import SystemPackage

/// Runs one process in a root file system: the built-in sandbox, or an OCI runtime.
package protocol ProcessSandbox: Sendable {
  /// Starts the process; `output` receives what it writes, in order, on a thread that may block.
  ///
  /// - Throws: `SandboxError` when nothing could be started. What fails later is thrown by
  ///   `RunningProcess.result`.
  func start(
    _ specification: SandboxSpecification,
    output: @escaping @Sendable (OutputStream, [UInt8]) -> Void
  ) throws -> any RunningProcess
}

/// A process that was started; it dies with its pid namespace when slipway dies.
package protocol RunningProcess: Sendable {
  /// Passes a signal on. The process is pid 1 of its namespace: a signal for which it has no
  /// handler does nothing, except `SIGKILL`. Does nothing once the process has ended.
  func send(signal: Int32)
  /// Kills the process and every process it started, however they were detached.
  func kill()
  /// Waits for the end of the process, of its descendants and of its output.
  ///
  /// - Throws: `SandboxError` when the process could not be set up or executed.
  func result() async throws -> SandboxResult
}

extension ProcessSandbox {
  /// Runs the process to its end. Cancelling the task kills everything that ran, waits for it and
  /// throws `CancellationError`.
  package func run(
    _ specification: SandboxSpecification,
    output: @escaping @Sendable (OutputStream, [UInt8]) -> Void = { _, _ in }
  ) async throws -> SandboxResult {
    try Task.checkCancellation()
    let process = try start(specification, output: output)
    let result = try await withTaskCancellationHandler {
      try await process.result()
    } onCancel: {
      process.kill()
    }
    try Task.checkCancellation()
    return result
  }
}

package enum OutputStream: Sendable, Hashable {
  case standardOutput, standardError
}

/// How a process ended.
package enum ExitStatus: Sendable, Hashable {
  case exited(Int32)
  case signalled(Int32)
}

/// What is left to know when a process has ended.
package struct SandboxResult: Sendable, Equatable {
  package var status: ExitStatus
  /// Paths that the root lacked and that were shown to the process only so that something could be
  /// mounted there. They are in no layer. Under an overlay root, a whiteout or an unchanged
  /// directory that `upper` has at such a path is no change of the step.
  package var providedPaths: [FilePath]

  package init(status: ExitStatus, providedPaths: [FilePath] = []) {
    self.status = status
    self.providedPaths = providedPaths
  }
}
