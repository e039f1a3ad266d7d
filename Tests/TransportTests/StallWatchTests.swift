import Testing

@testable import Transport

@Suite("StallWatch")
struct StallWatchTests {
  private var watch = StallWatch(StallLimit(period: .seconds(1), minimum: 100))

  private func reading(
    _ total: Int, waitsForAnswer: Bool = false, waitsForUs: Bool = false
  ) -> ProgressMeter.Reading {
    ProgressMeter.Reading(
      total: total, isWaitingForAnswer: waitsForAnswer, isWaitingForUs: waitsForUs)
  }

  @Test("lets pass what gets on in each period, and ends what does not")
  mutating func progress() {
    for total in stride(from: 100, through: 1000, by: 100) {
      #expect(watch.stall(reading(total)) == nil)
    }
    #expect(watch.stall(reading(1099)) == .seconds(1))
  }

  @Test("waits ten times as long for the answer to what was sent, however short that was")
  mutating func answers() {
    for _ in 1..<10 { #expect(watch.stall(reading(7, waitsForAnswer: true)) == nil) }
    #expect(watch.stall(reading(7, waitsForAnswer: true)) == .seconds(10))
  }

  @Test("has no more patience once the answer has begun")
  mutating func afterAnswer() {
    for _ in 1..<5 { #expect(watch.stall(reading(0, waitsForAnswer: true)) == nil) }
    #expect(watch.stall(reading(100)) == nil)
    #expect(watch.stall(reading(100)) == .seconds(1))
  }

  @Test("does not blame the peer for what waits for us")
  mutating func ourselves() {
    for _ in 0..<50 { #expect(watch.stall(reading(0, waitsForUs: true)) == nil) }
    #expect(watch.stall(reading(0)) == .seconds(1))
  }
}
