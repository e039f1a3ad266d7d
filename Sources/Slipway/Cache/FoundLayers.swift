internal import Engine
internal import OCI
internal import Reporting
internal import Snapshots
import Synchronization

/// The layers of a build that were not made by it.
final class FoundLayers: Sendable {
  private let layers = Mutex<Set<LayerID>>([])

  func add(_ layer: LayerID) {
    layers.withLock { _ = $0.insert(layer) }
  }

  /// Those that came from other machines and have not been looked at.
  func inDoubt(_ store: LayerStore) -> [LayerID] {
    layers.withLock { $0.filter { store.isInDoubt($0) || !store.contains($0) } }.sorted()
  }
}

extension Home {
  /// Whether a build failed because layers of shared caches are gone or wrong. They are forgotten then,
  /// so that the build can be done again without them.
  func forgetLost(_ found: FoundLayers, after error: any Error, _ reporter: Reporter) async -> Bool
  {
    if error is CancellationError || Task.isCancelled { return false }
    if let error = error as? EngineError, error.isOfTheBuildItself { return false }
    let store = stores.layers
    let doubtful = found.inDoubt(store)
    guard let problem = await problems(of: doubtful, stopsAtFirst: true).values.first else {
      return false
    }
    // One that is lost is enough: to look for the others where it was would take as long again.
    for layer in (try? store.absentLayers()) ?? [] { try? store.remove(layer) }
    for layer in await problems(of: doubtful, stopsAtFirst: false).keys { try? store.remove(layer) }
    reporter.report(
      .diagnosed(
        Diagnostic(
          .warning, "a layer of a shared cache cannot be had: \(problem)",
          hint: "the build is done again without what came from shared caches")))
    return true
  }

  /// Why layers are not sound.
  private func problems(
    of layers: [LayerID], stopsAtFirst: Bool
  ) async -> [LayerID: any Error] {
    let store = stores.layers
    var problems: [LayerID: any Error] = [:]
    for layer in layers where !stopsAtFirst || problems.isEmpty {
      do {
        try await BlockingWork.run { try store.examine(layer) }
      } catch {
        if error is CancellationError { return [:] }
        problems[layer] = error
      }
    }
    return problems
  }
}
