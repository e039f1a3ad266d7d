/// When to try again, and how long to wait before: what was tried goes in, a pause comes out.
package struct RetryPolicy: Sendable, Hashable {
  /// How often in all, as long as nothing gets on.
  package var attempts: Int
  /// The first pause; each further one is twice as long.
  package var firstPause: Duration
  package var longestPause: Duration
  /// The longest pause that a server may ask for; with a longer one there is no further attempt.
  package var longestRequestedPause: Duration

  package init(
    attempts: Int = 5, firstPause: Duration = .milliseconds(500),
    longestPause: Duration = .seconds(15), longestRequestedPause: Duration = .seconds(120)
  ) {
    self.attempts = attempts
    self.firstPause = firstPause
    self.longestPause = longestPause
    self.longestRequestedPause = longestRequestedPause
  }

  /// The pause after the `failures`th failure in a row, from 1 on; nil to give up.
  ///
  /// - Parameters:
  ///   - requested: what the server asks for with `Retry-After`.
  ///   - spread: from 0 to 1; makes clients that failed together come back one by one.
  package func pause(afterFailures failures: Int, requested: Duration?, spread: Double) -> Duration?
  {
    guard failures < attempts else { return nil }
    if let requested {
      return requested <= longestRequestedPause ? max(requested, .zero) : nil
    }
    let doublings = min(failures - 1, 16)
    let full = min(firstPause * (1 << doublings), longestPause)
    return full * (0.5 + spread / 2)
  }
}

extension RetryPolicy {
  /// Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a point in time. That one is compared with the
  /// answer's `date`, so that this machine's clock need not agree with the server's; without, it
  /// counts as no request.
  package static func requestedPause(_ field: String?, date: String?) -> Duration? {
    guard let field else { return nil }
    if let seconds = Int64(field) { return seconds < 0 ? nil : .seconds(seconds) }
    guard let date = date.flatMap(HTTPDate.seconds), let time = HTTPDate.seconds(field) else {
      return nil
    }
    return .seconds(max(0, time - date))
  }
}
