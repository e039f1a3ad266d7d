internal import Transport

/// An error after which the same may be tried again. Nothing else is tried again, so that what has
/// been given up stays so.
struct TransientFailure: Error {
  let cause: any Error
  /// What the server asks for.
  var requestedPause: Duration?

  /// The error of an answer, as one of these where its status is transient.
  static func wrapping(_ error: any Error, _ response: HTTPResponse) -> any Error {
    guard HTTPStatus.isTransient(response.status) else { return error }
    return TransientFailure(
      cause: error,
      requestedPause: RetryPolicy.requestedPause(response.fields["Retry-After"]))
  }

  /// The error of a request without an answer, in the words of what was being done.
  static func wrapping(
    _ error: TransportError, _ describe: (RegistryError.Cause) -> RegistryError
  ) -> any Error {
    let described = describe(.transport(error))
    return error.isTransient ? TransientFailure(cause: described) : described
  }
}

/// Counts the failures in a row of something that may get on in between.
struct FailureCount {
  private(set) var inRow = 0
  private var mark: Int64

  /// An attempt that gets on by less, in bytes, got nowhere: else what comes in drops and is
  /// interrupted after each would be tried for ever.
  static let leastProgress: Int64 = 64 << 10

  /// - Parameter progress: what is there before the first attempt.
  init(progress: Int64 = 0) {
    mark = progress
  }

  /// - Parameter progress: what is there now. Only what was never reached before counts.
  mutating func add(progress: Int64 = 0) {
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
  func run<Result: Sendable>(
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
  func pause(after failures: FailureCount, _ failure: TransientFailure) -> Duration? {
    pause(
      afterFailures: failures.inRow, requested: failure.requestedPause,
      spread: Double.random(in: 0...1))
  }
}
