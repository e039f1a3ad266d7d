/// `HEALTHCHECK`. Durations are in nanoseconds; 0 means: as the base image has it.
package struct HealthcheckInstruction: Hashable, Sendable {
  /// What is checked.
  package enum Test: Hashable, Sendable {
    /// `HEALTHCHECK NONE`: not even what the base image checks.
    case none
    case command(CommandLine)
  }

  /// What is checked.
  package var test: Test
  /// `--interval`.
  package var interval: Int64 = 0
  /// `--timeout`.
  package var timeout: Int64 = 0
  /// `--start-period`.
  package var startPeriod: Int64 = 0
  /// `--start-interval`.
  package var startInterval: Int64 = 0
  /// `--retries`.
  package var retries = 0
}
