/// How a whole build ended.
package enum BuildOutcome: String, Sendable, Equatable {
  case succeeded
  case failed
  case cancelled
}
