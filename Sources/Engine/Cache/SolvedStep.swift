internal import BuildGraph
internal import OCI
internal import Snapshots

/// A step of a plan whose result is known.
package struct SolvedStep: Sendable {
  /// The keys under which it can be found: by definition, by content.
  let keys: [StepKey]
  let identity: Digest
  /// Nil where it is not here.
  var layer: LayerID?
  /// The layers that it lies on, bottom first; empty where it has none.
  let base: [LayerID]
  package let label: String
  /// Whether it was run although there was a result, or stands on one that was: then it takes the
  /// place of what others have.
  package let replacesOthers: Bool

  /// Whether it lies on a layer that came from a shared cache.
  package var standsOnShared: Bool { base.last?.isTaken ?? false }
}

extension Solver {
  /// The steps whose results are known, for others to use, each with its vertex.
  ///
  /// What stands for a step that was run although it was in the cache is known to this machine alone.
  /// So the keys of such a step, and of those on it, are made as if it had been run for the first time:
  /// they are the keys that other machines will ask for.
  ///
  /// They come by their vertices.
  func solvedSteps() async -> [Int: SolvedStep] {
    var stacks: [Int: [LayerID]] = [:]
    var replaced: [Int: Digest] = [:]
    var steps: [Int: SolvedStep] = [:]
    for (index, vertex) in plan.vertices.enumerated() {
      switch vertex.operation {
      case .source(.scratch), .source(.host): stacks[index] = []
      case .source(.image(let image)): stacks[index] = try? stores.state(of: image).layers
      case .source(.context): break
      case .source(.http), .source(.git), .source(.upload):
        stacks[index] = await knownLayers(of: index)
      case .merge:
        let inputs = vertex.inputs.compactMap { stacks[$0] }
        if inputs.count == vertex.inputs.count { stacks[index] = inputs.flatMap { $0 } }
        if vertex.inputs.contains(where: { replaced[$0] != nil }) {
          replaced[index] = try? await mergedIdentity(vertex, replaced)
        }
      case .execute, .file:
        guard let known = await knownResult(of: index) else { continue }
        let base = vertex.inputs.first.flatMap { stacks[$0] }
        if let base, let layer = known.record?.layer { stacks[index] = base + [layer] }
        let step = share(known, vertex, on: base, replaced)
        if step.replacesOthers { replaced[index] = step.identity }
        steps[index] = step
      }
    }
    return steps
  }

  private struct KnownResult {
    let keys: [StepKey]
    /// What stands for the result, also where nobody is known to have run the step.
    let identity: Digest
    let record: CacheRecord?
  }

  private func knownResult(of index: Int) async -> KnownResult? {
    guard let resolution = try? await resolutions[index]?.value else { return nil }
    let record = made[index] ?? resolution.record
    return KnownResult(
      keys: resolution.keys, identity: record?.identity ?? resolution.identity, record: record)
  }

  private func share(
    _ known: KnownResult, _ vertex: Vertex, on base: [LayerID]?, _ replaced: [Int: Digest]
  ) -> SolvedStep {
    var keys = known.keys
    // Found by its definition: the key by content is known from when it was made.
    if keys.count == 1, let made = known.record?.keys, made.count == 2 {
      keys.append(StepKey(known: made[1]))
    }
    var identity = known.identity
    let isOwn = !keys.contains { $0.digest == identity }
    let isOnReplaced = vertex.inputs.contains { replaced[$0] != nil }
    if isOwn || isOnReplaced {
      keys = known.keys.map { $0.replacing(inputsOf: vertex, by: replaced) }
      identity = keys.last?.digest ?? identity
    }
    return SolvedStep(
      keys: keys, identity: identity, layer: base == nil ? nil : known.record?.layer,
      base: base ?? [], label: vertex.label,
      replacesOthers: isOwn || isOnReplaced)
  }

  private func mergedIdentity(_ vertex: Vertex, _ replaced: [Int: Digest]) async throws -> Digest {
    var parts: [CacheRecord.KeyPart] = [.init("operation", "merge")]
    for input in vertex.inputs {
      let own = try await identity(of: input)
      parts.append(.init("input", (replaced[input] ?? own).hex))
    }
    return StepKey(parts).digest
  }
}

extension StepKey {
  /// The key as it is where other things stand for inputs of the vertex.
  fileprivate func replacing(inputsOf vertex: Vertex, by replaced: [Int: Digest]) -> StepKey {
    StepKey(
      parts.map { part in
        guard let input = vertex.input(namedBy: part.name), let other = replaced[input] else {
          return part
        }
        return CacheRecord.KeyPart(part.name, other.hex)
      })
  }
}

extension Vertex {
  /// The vertex that a part of the key speaks of; nil for parts that speak of none, or of its files.
  fileprivate func input(namedBy part: String) -> Int? {
    if part == "base" { return inputs.first }
    guard part.hasPrefix("source "), let number = Int(part.dropFirst(7)) else { return nil }
    switch operation {
    case .file(let actions):
      guard actions.indices.contains(number), case .copy(let copy) = actions[number] else {
        return nil
      }
      return inputs[copy.input]
    case .execute(let execution):
      guard execution.mounts.indices.contains(number) else { return nil }
      return execution.mounts[number].inputMount.map { inputs[$0.input] }
    case .source, .merge: return nil
    }
  }
}
