internal import Exporters
internal import OCI
internal import Reporting
import Synchronization

/// Loads an image into a container engine, and shows it as a step.
final class EngineLoad: Sendable {
  let engine: EngineDestination
  private let step: StepID
  private let reporter: Reporter
  private let progress = Mutex(Progress())

  private struct Progress {
    /// In bytes.
    var sent: Int64 = 0
    var shown: Int64 = 0
  }

  /// So many bytes more are worth a report.
  private static let interval: Int64 = 1 << 20

  init(into engine: EngineDestination, step: StepID, _ reporter: Reporter) {
    self.engine = engine
    self.step = step
    self.reporter = reporter
  }

  /// Every blob of the image must be in the store.
  func load(_ image: NamedImage, from store: ContentStore) async throws {
    reporter.report(.stepAnnounced(step, name: "loading into \(engine.name)"))
    reporter.report(.stepStarted(step))
    do {
      try await engine.load([image], from: store) { self.sent($0) }
      show(progress.withLock(\.sent))
      reporter.report(.stepFinished(step, .done))
    } catch {
      reporter.report(.stepFinished(step, StepOutcome(endedBy: error)))
      throw error
    }
  }

  private func sent(_ bytes: Int64) {
    let worthShowing = progress.withLock { progress -> Int64? in
      progress.sent += bytes
      guard progress.sent - progress.shown >= EngineLoad.interval else { return nil }
      progress.shown = progress.sent
      return progress.sent
    }
    if let worthShowing { show(worthShowing) }
  }

  private func show(_ sent: Int64) {
    reporter.report(.stepProgressed(step, StepProgress(label: "sent", completed: sent)))
  }
}
