internal import Transport

/// An error after which the same may be tried again.
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
}

extension RetryPolicy {
  /// Does something until it succeeds, fails for good, or has failed too often in a row.
  ///
  /// - Parameter progress: what was achieved so far; an attempt that got on does not count.
  func run<Result: Sendable>(
    progress: () -> Int64 = { 0 }, _ body: () async throws -> Result
  ) async throws -> Result {
    var failures = 0
    while true {
      let before = progress()
      do {
        return try await body()
      } catch {
        guard let failure = RetryPolicy.transient(error) else { throw error }
        failures = progress() > before ? 1 : failures + 1
        let pause = pause(
          afterFailures: failures, requested: failure.requestedPause,
          spread: Double.random(in: 0...1))
        guard let pause else { throw failure.cause }
        try await Task.sleep(for: pause)
      }
    }
  }

  static func transient(_ error: any Error) -> TransientFailure? {
    switch error {
    case let failure as TransientFailure: failure
    case let error as TransportError where error.isTransient: TransientFailure(cause: error)
    case let error as RegistryError:
      if case .transport(let cause) = error.cause, cause.isTransient {
        TransientFailure(cause: error)
      } else {
        nil
      }
    default: nil
    }
  }
}
