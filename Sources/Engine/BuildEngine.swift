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
    try await solve([plan], inputs)[0].image()
  }

  /// Does what the plans say, all at once, and what they have in common once. The images of what was
  /// built are made afterwards, in any form; they come in the order of the plans.
  ///
  /// The steps are reported by the numbers of their vertices in the `JointPlan` of the plans, from
  /// `firstStep` on.
  /// Throws `EngineError`, which names the step that failed; the first failure stops all plans.
  /// Cancelling kills what runs.
  package func solve(_ plans: [BuildPlan], _ inputs: BuildInputs) async throws -> [SolvedBuild] {
    for plan in plans where plan.targetStandsOnHost {
      throw EngineError(vertex: plan.vertices[plan.target], cause: .hostNotExportable)
    }
    let joint = JointPlan(plans)
    let solver = Solver(joint, stores: stores, inputs: inputs)
    do {
      let states = try await withTaskCancellationHandler {
        try await solver.states(of: joint.targets)
      } onCancel: {
        Task { await solver.cancel() }
      }
      await solver.finish()
      // What was learnt outlives a restart from here on, also where the build failed later.
      try await solver.confirm()
      let steps = await solver.solvedSteps()
      return plans.indices.map { number in
        let own = joint.vertices(under: joint.targets[number])
        return SolvedBuild(
          plan: plans[number], state: states[number],
          steps: steps.filter { own.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value),
          stores: stores, encoding: inputs.encoding)
      }
    } catch {
      await solver.finish()
      try? await solver.confirm()
      throw await solver.failure ?? error
    }
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
