internal import OCI
internal import Registry
internal import Reporting
import Synchronization

/// Shows what comes from, or goes to, a registry as one step, whose items are the blobs.
///
/// Nothing is shown until something happens.
final class TransferStep: Sendable {
  private let step: StepID
  private let name: String
  private let reporter: Reporter
  private let state = Mutex(State())

  private struct State {
    var hasBegun = false
    var hasEnded = false
    /// What was last shown of a blob, in bytes.
    var shown: [Digest: Int64] = [:]
  }

  /// So many bytes more are worth a report.
  private static let interval: Int64 = 1 << 20

  init(_ step: StepID, name: String, reporter: Reporter) {
    self.step = step
    self.name = name
    self.reporter = reporter
  }

  func receive(_ event: TransferEvent) {
    switch event {
    case .progressed(let blob, let completed): show(blob, completed)
    case .fetched(let blob): show(blob, blob.size)
    case .uploaded(let blob, let outcome):
      show(blob, blob.size)
      if case .mounted(let repository) = outcome {
        write("\(blob.digest.short) is mounted from \(repository)\n")
      }
    case .manifestStored: begin()
    }
  }

  /// Ends the step, if it has begun.
  func finish(_ outcome: StepOutcome) {
    let isOpen = state.withLock { state in
      defer { state.hasEnded = true }
      return state.hasBegun && !state.hasEnded
    }
    if isOpen { reporter.report(.stepFinished(step, outcome)) }
  }

  private func begin() {
    let isFirst = state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
    guard isFirst else { return }
    reporter.report(.stepAnnounced(step, name: name))
    reporter.report(.stepStarted(step))
  }

  private func show(_ blob: Descriptor, _ completed: Int64) {
    begin()
    let isWorthIt = state.withLock { state in
      let before = state.shown[blob.digest]
      guard
        completed == blob.size || completed - (before ?? 0) >= TransferStep.interval
          || before == nil
      else { return false }
      state.shown[blob.digest] = completed
      return before != completed
    }
    guard isWorthIt else { return }
    reporter.report(
      .stepProgressed(
        step, StepProgress(label: blob.digest.short, completed: completed, total: blob.size)))
  }

  private func write(_ text: String) {
    reporter.report(.stepOutput(step, .stderr, Array(text.utf8)))
  }
}

extension TransferStep {
  /// Ends the step as `body` ends.
  func covering<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    do {
      let result = try await body()
      finish(.done)
      return result
    } catch {
      finish(StepOutcome(endedBy: error))
      throw error
    }
  }
}
