import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A process of the built-in sandbox, as slipway holds it: by its helper.
final class HelperProcess: RunningProcess {
  let pid: pid_t
  private let plan: SetupPlan
  private let state: Mutex<State>

  private struct State {
    /// Our end of the control socket; nil once it is closed.
    var control: FileDescriptor?
    var outcome: Result<SandboxResult, SandboxError>?
    var waiting: [CheckedContinuation<SandboxResult, any Error>] = []
  }

  init(pid: pid_t, plan: SetupPlan, control: FileDescriptor) {
    self.pid = pid
    self.plan = plan
    state = Mutex(State(control: control))
  }

  func send(signal: Int32) {
    guard let signal = UInt8(exactly: signal) else { return }
    // Under the lock, so that the descriptor is not closed and another's meanwhile.
    state.withLock { state in
      if let control = state.control { _ = slipway_send_byte(control.rawValue, signal) }
    }
  }

  func kill() {
    state.withLock { state in
      try? state.control?.close()
      state.control = nil
    }
  }

  func result() async throws -> SandboxResult {
    try await withCheckedThrowingContinuation { continuation in
      let outcome = state.withLock { state in
        if state.outcome == nil { state.waiting.append(continuation) }
        return state.outcome
      }
      if let outcome { continuation.resume(with: outcome) }
    }
  }

  /// Takes the reports after all output has ended; blocks for the moment that the helper needs to
  /// exit.
  func finish(with reports: [UInt8]) {
    let outcome = outcome(of: HelperReports(bytes: reports), helper: waitForHelper())
    kill()
    let waiting = state.withLock { state in
      state.outcome = outcome
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(with: outcome) }
  }

  private func waitForHelper() -> ExitStatus {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { break }
    }
    return ExitStatus(waitStatus: status)
  }

  private func outcome(
    of reports: HelperReports, helper: ExitStatus
  ) -> Result<SandboxResult, SandboxError> {
    if let failure = reports.failure { return .failure(SandboxError(failure, of: plan)) }
    guard let waitStatus = reports.waitStatus else { return .failure(.helperDied(helper)) }
    return .success(
      SandboxResult(
        status: ExitStatus(waitStatus: waitStatus), providedPaths: reports.providedPaths))
  }
}
