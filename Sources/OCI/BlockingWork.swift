import Dispatch
import Synchronization

/// Runs work that blocks on threads of its own, never on the cooperative pool.
package enum BlockingWork {
  private static let queue = DispatchQueue(
    label: "slipway.blocking", qos: .userInitiated, attributes: .concurrent)

  package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result)
    async throws
    -> Result
  {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      queue.async {
        continuation.resume(with: Swift.Result { try body() })
      }
    }
  }

  /// Waits for something that another process may hold for long. A cancelled task waits no longer;
  /// what it waited for is given back as soon as it comes.
  package static func wait<Resource: Sendable>(
    for acquire: @escaping @Sendable () throws -> Resource,
    givingBack: @escaping @Sendable (Resource) -> Void
  ) async throws -> Resource {
    let handover = Handover<Resource>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard handover.begin(continuation) else { return }
        queue.async {
          let result = Swift.Result { try acquire() }
          if !handover.end(with: result), case .success(let resource) = result {
            givingBack(resource)
          }
        }
      }
    } onCancel: {
      _ = handover.end(with: .failure(CancellationError()))
    }
  }
}

/// Where a task waits for a result that either comes or is not wanted any more: whoever ends it first
/// decides.
private final class Handover<Value: Sendable>: Sendable {
  private enum State {
    case idle
    case waiting(CheckedContinuation<Value, any Error>)
    case ended
  }

  private let state = Mutex(State.idle)

  /// Whether there is something to wait for; the task is sent on where there is not.
  func begin(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
    let isWaiting = state.withLock { state in
      guard case .idle = state else { return false }
      state = .waiting(continuation)
      return true
    }
    if !isWaiting { continuation.resume(throwing: CancellationError()) }
    return isWaiting
  }

  /// Whether the waiting task takes the result; nobody does when it had one before.
  func end(with result: Result<Value, any Error>) -> Bool {
    let continuation = state.withLock { state in
      defer { state = .ended }
      if case .waiting(let continuation) = state { return Optional(continuation) }
      return nil
    }
    continuation?.resume(with: result)
    return continuation != nil
  }
}
