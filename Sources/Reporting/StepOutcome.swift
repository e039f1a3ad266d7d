/// How a step ended.
package enum StepOutcome: Sendable, Equatable {
  /// It ran and succeeded.
  case done
  /// Its result was known and it did not run.
  case cached
  /// It ran and failed; `reason` is one line, as in `exit code 2`.
  case failed(reason: String)
  /// It was stopped because the build ended first.
  case cancelled

  /// What an error makes of a step; what to do about it is said at the end, and not here.
  package init(endedBy error: any Error) {
    self =
      error is CancellationError
      ? .cancelled : .failed(reason: Diagnostic(describing: error).message)
  }
}
