/// Decides whether a connection has stalled from what its meter shows at the end of each period.
struct StallWatch: Sendable {
  private let limit: StallLimit
  private var before = 0
  private var quietPeriods = 0

  /// How many times as long a server may think about a body that it was sent, such as a large blob.
  static let patienceForAnswers = 10

  init(_ limit: StallLimit) {
    self.limit = limit
  }

  /// For how long there was next to nothing, where that is too long.
  mutating func stall(_ reading: ProgressMeter.Reading) -> Duration? {
    defer { before = reading.total }
    if reading.isWaitingForUs || reading.total - before >= limit.minimum {
      quietPeriods = 0
      return nil
    }
    quietPeriods += 1
    let patience = reading.isWaitingForAnswer ? StallWatch.patienceForAnswers : 1
    return quietPeriods >= patience ? limit.period * quietPeriods : nil
  }
}
