import Synchronization

/// Waiting that ends, whatever is waited for.
enum Patience {
  /// What `body` returns or throws, or `TooSlow` when it takes longer; it is cancelled then, and not
  /// waited for.
  static func wait<Value: Sendable>(
    _ limit: Duration, for body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let first = FirstResult<Value>()
    let work = Task {
      do {
        first.end(with: .success(try await body()))
      } catch {
        first.end(with: .failure(error))
      }
    }
    let alarm = Task {
      try await Task.sleep(for: limit)
      first.end(with: .failure(TooSlow(limit: limit)))
    }
    defer {
      work.cancel()
      alarm.cancel()
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { first.begin($0) }
    } onCancel: {
      first.end(with: .failure(CancellationError()))
    }
  }
}

/// What was waited for did not come in time.
struct TooSlow: Error, CustomStringConvertible {
  let limit: Duration

  var description: String { "there was no answer within \(limit.components.seconds) seconds" }
}

/// Hands the first of several results to the one who waits.
private final class FirstResult<Value: Sendable>: Sendable {
  private enum State {
    case idle
    case waiting(CheckedContinuation<Value, any Error>)
    case ended(Result<Value, any Error>)
  }

  private let state = Mutex(State.idle)

  func begin(_ continuation: CheckedContinuation<Value, any Error>) {
    let result = state.withLock { state -> Result<Value, any Error>? in
      if case .ended(let result) = state { return result }
      state = .waiting(continuation)
      return nil
    }
    if let result { continuation.resume(with: result) }
  }

  func end(with result: Result<Value, any Error>) {
    let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
      switch state {
      case .ended: return nil
      case .idle:
        state = .ended(result)
        return nil
      case .waiting(let continuation):
        state = .ended(result)
        return continuation
      }
    }
    continuation?.resume(with: result)
  }
}
