/// One line that a step wrote, harmless to a terminal, and how long after the step's start.
struct OutputLine: Sendable, Equatable {
  let elapsed: Duration
  let text: String

  /// `0.312 text`.
  var stamped: String {
    "\(HumanFormat.seconds(elapsed)) \(text)"
  }
}
