import Synchronization
import Testing

@testable import OCI

@Suite("BlockingWork")
struct BlockingWorkTests {
  @Test("begins although all that came before waits for it")
  func waits() async throws {
    let last = BlockingSignal()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          try await BlockingWork.run {
            last.wait()
            last.send()
          }
        }
      }
      // Dispatch's threads would have this begin most of a minute later.
      group.addTask(priority: .background) { try await BlockingWork.run { last.send() } }
      for try await _ in group {}
    }
  }

  @Test("hands on what is thrown")
  func errors() async {
    struct Failure: Error, Equatable {}
    await #expect(throws: Failure()) { try await BlockingWork.run { throw Failure() } }
  }

  @Test("does not begin for a task that is cancelled")
  func cancelled() async {
    let hasRun = Atomic<Bool>(false)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await BlockingWork.run { hasRun.store(true, ordering: .relaxed) }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    let began = hasRun.load(ordering: .relaxed)
    #expect(!began)
  }

  @Test("does something once for each number", arguments: [0, 1, 2, 3, 1000])
  func concurrently(_ count: Int) async throws {
    let numbers = try await BlockingWork.run {
      let log = NumberLog()
      BlockingWork.concurrently(count) { log.add($0) }
      return log.all
    }
    #expect(numbers.sorted() == Array(0..<count))
  }

  @Test("does so within itself, many times at once")
  func nested() async throws {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await BlockingWork.run {
            let log = NumberLog()
            BlockingWork.concurrently(8) { outer in
              BlockingWork.concurrently(8) { log.add(outer * 8 + $0) }
            }
            return Set(log.all).count
          }
        }
      }
      for try await count in group { #expect(count == 64) }
    }
  }
}

private final class NumberLog: Sendable {
  private let numbers = Mutex<[Int]>([])

  func add(_ number: Int) { numbers.withLock { $0.append(number) } }

  var all: [Int] { numbers.withLock { $0 } }
}
