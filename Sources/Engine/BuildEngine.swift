package import BuildGraph
package import OCI
internal import Snapshots

/// Turns plans into images.
package struct BuildEngine: Sendable {
  package let stores: EngineStores

  package init(stores: EngineStores) {
    self.stores = stores
  }

  /// Does what the plan says and returns the descriptor of the image's manifest, which is in the
  /// content store and has no tag yet; see `solve`.
  package func build(_ plan: BuildPlan, _ inputs: BuildInputs) async throws -> Descriptor {
    try await solve(plan, inputs).image()
  }

  /// Does what the plan says. The images of what was built are made afterwards, in any form.
  ///
  /// Throws `EngineError`, which names the step that failed. Cancelling kills what runs.
  package func solve(_ plan: BuildPlan, _ inputs: BuildInputs) async throws -> SolvedBuild {
    guard !plan.targetStandsOnHost else {
      throw EngineError(vertex: plan.vertices[plan.target], cause: .hostNotExportable)
    }
    let solver = Solver(plan, stores: stores, inputs: inputs)
    do {
      let state = try await withTaskCancellationHandler {
        try await solver.state(of: plan.target)
      } onCancel: {
        Task { await solver.cancel() }
      }
      await solver.finish()
      try await confirm(solver)
      return SolvedBuild(
        plan: plan, state: state, steps: await solver.solvedSteps(), stores: stores,
        encoding: inputs.encoding)
    } catch {
      await solver.finish()
      try? await confirm(solver)
      throw await solver.failure ?? error
    }
  }

  /// What was learnt outlives a restart from here on, also where the build failed later.
  private func confirm(_ solver: Solver) async throws {
    let keys = await solver.writtenKeys
    let records = stores.records
    // A build that is cancelled keeps what it has learnt: this task is not.
    try await Task { try await BlockingWork.run { try records.confirm(keys) } }.value
  }
}

extension BuildPlan {
  /// Whether the layers of the target lie on this machine's own system, which no image can carry.
  fileprivate var targetStandsOnHost: Bool {
    var index = target
    while let base = vertices[index].inputs.first { index = base }
    return vertices[index].operation == .source(.host)
  }
}
