import OCI
import Synchronization
import Testing

@testable import Transport

@Suite("RetryPolicy")
struct RetryPolicyTests {
  private let policy = RetryPolicy(
    attempts: 5, firstPause: .milliseconds(100), longestPause: .milliseconds(300),
    longestRequestedPause: .seconds(10))

  @Test("doubles its pauses up to the longest, and gives up after its attempts")
  func pauses() {
    func pause(_ failures: Int, _ spread: Double) -> Duration? {
      policy.pause(afterFailures: failures, requested: nil, spread: spread)
    }
    #expect(
      (1...5).map { pause($0, 1) }
        == [100, 200, 300, 300, nil].map { $0.map { .milliseconds($0) } })
    #expect(
      (1...5).map { pause($0, 0) } == [50, 100, 150, 150, nil].map { $0.map { .milliseconds($0) } })
    #expect(pause(1_000_000, 0) == nil)
    let patient = RetryPolicy(attempts: .max, firstPause: .seconds(1), longestPause: .seconds(60))
    #expect(patient.pause(afterFailures: .max - 1, requested: nil, spread: 1) == .seconds(60))
  }

  @Test("does what the server asks for, unless that is too much")
  func requested() {
    func pause(_ seconds: Int) -> Duration? {
      policy.pause(afterFailures: 1, requested: .seconds(seconds), spread: 0)
    }
    #expect(pause(0) == .zero)
    #expect(pause(10) == .seconds(10))
    #expect(pause(11) == nil)
    #expect(policy.pause(afterFailures: 5, requested: .zero, spread: 0) == nil)
  }

  @Test(
    "reads Retry-After, a time by the server's own clock",
    arguments: [
      (nil, nil), ("0", 0), ("120", 120), ("86401", 86_401), ("-1", nil), ("1.5", nil), ("", nil),
      ("soon", nil), ("99999999999999999999", nil),
      ("Fri, 31 Dec 1999 23:59:59 GMT", 59), ("Friday, 31-Dec-99 23:59:59 GMT", 59),
      ("Fri, 31 Dec 1999 23:58:00 GMT", 0), ("Sat, 01 Jan 2000 00:59:00 GMT", 3600),
    ] as [(String?, Int?)])
  func retryAfter(_ field: String?, _ seconds: Int?) {
    let date = "Fri, 31 Dec 1999 23:59:00 GMT"
    #expect(RetryPolicy.requestedPause(field, date: date) == seconds.map { .seconds($0) })
    let isTime = field?.hasSuffix("GMT") == true
    for date in [nil, "today"] {
      #expect(
        RetryPolicy.requestedPause(field, date: date)
          == (isTime ? nil : seconds.map { .seconds($0) }))
    }
  }

  private struct Final: Error, Equatable {}
  private struct Flaky: Error, Equatable {}

  private func run(
    progress: @autoclosure () -> Int64 = 0, _ body: (Int) throws -> Void
  ) async throws -> Int {
    var quick = policy
    quick.firstPause = .zero
    var count = 0
    try await quick.run(progress: progress()) {
      count += 1
      try body(count)
    }
    return count
  }

  @Test("repeats what failed for now, and nothing else; then gives the reason itself")
  func runs() async throws {
    #expect(try await run { _ in } == 1)
    #expect(try await run { if $0 < 5 { throw TransientFailure(cause: Flaky()) } } == 5)
    var count = 0
    await #expect(throws: Flaky()) {
      _ = try await run {
        count = $0
        throw TransientFailure(cause: Flaky())
      }
    }
    #expect(count == 5)
    await #expect(throws: Final()) {
      _ = try await run {
        count = $0
        throw Final()
      }
    }
    #expect(count == 1)
  }

  @Test("has no limit for what gets on, and one for what only goes to and fro")
  func progress() async throws {
    var size: Int64 = 0
    let step = FailureCount.leastProgress
    #expect(
      try await run(progress: size) {
        size += step
        if $0 < 100 { throw TransientFailure(cause: Flaky()) }
      } == 100)
    for sizes in [[step * 4, 0], [1, 2, 3], [step - 1]] {
      var count = 0
      size = 0
      await #expect(throws: Flaky()) {
        _ = try await run(progress: size) {
          count = $0
          size = sizes[$0 % sizes.count]
          throw TransientFailure(cause: Flaky())
        }
      }
      #expect(count <= 7, "\(sizes)")
    }
  }

  @Test("ends when it is cancelled")
  func cancellation() async throws {
    let slow = RetryPolicy(attempts: 3, firstPause: .seconds(3600), longestPause: .seconds(3600))
    let (begun, continuation) = AsyncStream<Void>.makeStream()
    let task = Task {
      try await slow.run {
        continuation.finish()
        throw TransientFailure(cause: Flaky())
      }
    }
    for await _ in begun {}
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
