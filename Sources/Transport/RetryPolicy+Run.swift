/// An error after which the same may be tried again. Nothing else is tried again, so that what has
/// been given up stays so.
package struct TransientFailure: Error {
  package let cause: any Error
  /// What the server asks for.
  package var requestedPause: Duration?

  package init(cause: any Error, requestedPause: Duration? = nil) {
    self.cause = cause
    self.requestedPause = requestedPause
  }

  /// The error of an answer, as one of these where its status is transient.
  package static func wrapping(_ error: any Error, _ response: HTTPResponse) -> any Error {
    guard HTTPStatus.isTransient(response.status) else { return error }
    return TransientFailure(
      cause: error,
      requestedPause: RetryPolicy.requestedPause(
        response.fields["Retry-After"], date: response.fields["Date"]))
  }

  /// What stands for an exchange that broke off: one of these where another may succeed.
  package static func wrapping(_ error: TransportError, as described: any Error) -> any Error {
    error.isTransient ? TransientFailure(cause: described) : described
  }
}

/// Counts the failures in a row of something that may get on in between.
package struct FailureCount {
  package private(set) var inRow = 0
  private var mark: Int64

  /// An attempt that gets on by less, in bytes, got nowhere: else what comes in drops and is
  /// interrupted after each would be tried for ever.
  package static let leastProgress: Int64 = 64 << 10

  /// - Parameter progress: what is there before the first attempt.
  package init(progress: Int64 = 0) {
    mark = progress
  }

  /// - Parameter progress: what is there now. Only what was never reached before counts.
  package mutating func add(progress: Int64 = 0) {
    if progress >= mark + FailureCount.leastProgress {
      mark = progress
      inRow = 0
    }
    inRow += 1
  }
}

extension RetryPolicy {
  /// Does something until it succeeds, fails for good, or has failed too often in a row.
  ///
  /// - Parameter progress: what was achieved so far; an attempt that got on does not count.
  package func run<Result: Sendable>(
    progress: @autoclosure () -> Int64 = 0, _ body: () async throws -> Result
  ) async throws -> Result {
    var failures = FailureCount(progress: progress())
    while true {
      do {
        return try await body()
      } catch let failure as TransientFailure {
        failures.add(progress: progress())
        guard let pause = pause(after: failures, failure) else { throw failure.cause }
        try await Task.sleep(for: pause)
      }
    }
  }

  /// Nil to give up.
  package func pause(after failures: FailureCount, _ failure: TransientFailure) -> Duration? {
    pause(
      afterFailures: failures.inRow, requested: failure.requestedPause,
      spread: Double.random(in: 0...1))
  }
}
