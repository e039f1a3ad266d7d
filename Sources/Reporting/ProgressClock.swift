import Glibc

/// Where the display reads the time from; tests put a clock of their own in.
package struct ProgressClock: Sendable {
  /// The time since some fixed moment; never goes back.
  package let now: @Sendable () -> Duration

  /// Reads the time from `now`.
  package init(now: @escaping @Sendable () -> Duration) {
    self.now = now
  }

  /// The machine's monotonic clock.
  package static let monotonic = ProgressClock {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
