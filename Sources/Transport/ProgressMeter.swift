import Synchronization

/// How many bytes went over a connection, in either direction, and who is to go on with it.
final class ProgressMeter: Sendable {
  private let bytes = Atomic<Int>(0)
  private let hasSentBody = Atomic<Bool>(false)
  private let pauses = Atomic<Int>(0)

  /// What it shows at a moment.
  struct Reading: Sendable, Hashable {
    var total: Int
    /// The whole request is on its way, and of the answer there is nothing yet.
    var isWaitingForAnswer: Bool
    /// The peer could go on if we did: nothing that does not come is its fault.
    var isWaitingForUs: Bool
  }

  var reading: Reading {
    Reading(
      total: bytes.load(ordering: .relaxed),
      isWaitingForAnswer: hasSentBody.load(ordering: .relaxed),
      isWaitingForUs: pauses.load(ordering: .relaxed) > 0)
  }

  func advance(by count: Int) {
    bytes.add(count, ordering: .relaxed)
  }

  /// The whole request is on its way; what is missing is the answer.
  func hasSentRequest() {
    hasSentBody.store(true, ordering: .relaxed)
  }

  /// The answer has begun.
  func hasAnswer() {
    hasSentBody.store(false, ordering: .relaxed)
  }

  /// Does something that the peer has to wait for.
  func pausing<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    pauses.add(1, ordering: .relaxed)
    defer { pauses.subtract(1, ordering: .relaxed) }
    return try await body()
  }
}
