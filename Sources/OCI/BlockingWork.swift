import Glibc
import Synchronization

/// Runs work that blocks on threads of its own, never on the cooperative pool.
package enum BlockingWork {
  package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result)
    async throws
    -> Result
  {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      BlockingThreads.shared.run {
        continuation.resume(with: Swift.Result { try body() })
      }
    }
  }

  /// Does something for each number below `count`, on this thread and on further ones, as many as there
  /// are processors in all. Blocks the thread until all of it is done.
  package static func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let numbers = Numbers(count)
    let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let ends = (1..<max(1, min(count, processors))).map { _ in BlockingSignal() }
    for end in ends {
      BlockingThreads.shared.run {
        while let number = numbers.next() { body(number) }
        end.send()
      }
    }
    while let number = numbers.next() { body(number) }
    for end in ends { end.wait() }
  }

  /// Hands out the numbers below a limit, each once.
  private final class Numbers: Sendable {
    private let limit: Int
    private let handedOut = Atomic(0)

    init(_ limit: Int) {
      self.limit = limit
    }

    func next() -> Int? {
      let number = handedOut.add(1, ordering: .relaxed).oldValue
      return number < limit ? number : nil
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
        BlockingThreads.shared.run {
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
