/// When a connection counts as dead although it is open.
package struct StallLimit: Sendable, Hashable {
  /// In a time as long as this there must be progress.
  package var period: Duration
  /// How much progress, in bytes.
  package var minimum: Int

  package init(period: Duration, minimum: Int) {
    self.period = period
    self.minimum = minimum
  }

  /// Half a minute for at least 4 KiB.
  package static let standard = StallLimit(period: .seconds(30), minimum: 4 << 10)
}
