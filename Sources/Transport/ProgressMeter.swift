import Synchronization

/// How many bytes went over a connection, in either direction.
final class ProgressMeter: Sendable {
  private let bytes = Atomic<Int>(0)
  private let hasSentBody = Atomic<Bool>(false)

  var total: Int { bytes.load(ordering: .relaxed) }

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

  var isWaitingForAnswer: Bool { hasSentBody.load(ordering: .relaxed) }
}
