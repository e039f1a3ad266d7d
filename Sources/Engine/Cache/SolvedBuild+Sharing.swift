internal import BuildGraph
internal import OCI
package import Snapshots

extension SolvedBuild {
  /// The steps whose results others may use. With `imageOnly`, those that are not part of the image come
  /// without their layers.
  package func steps(imageOnly: Bool) -> [SolvedStep] {
    steps.map { step in
      var step = step
      if imageOnly, place(of: step) == nil { step.layer = nil }
      return step
    }
  }

  /// A step as others may use it, once for each of its keys. Its layer becomes a blob if it is none.
  ///
  /// - Parameter compression: nil takes a blob that there is as it is.
  package func share(
    _ step: SolvedStep, compression: LayerEncoding.Compression?
  ) async throws -> [SharedStep] {
    let (store, usual) = (stores.layers, encoding)
    let wanted = LayerEncoding(
      compression: compression ?? usual.compression, latestTime: latestTime)
    return try await BlockingWork.run {
      let layer = try step.layer.map {
        try store.portable(
          $0, encoding: wanted, asIs: compression == nil, above: step.base)
      }
      let base = try layer == nil ? [] : store.diffIDs(of: step.base, encoding: usual)
      return step.keys.map { key in
        SharedStep(
          key: key.digest, keys: step.keys.map(\.digest), identity: step.identity, base: base,
          label: step.label,
          parts: key.parts, layer: layer)
      }
    }
  }

  /// Where among the image's layers that of a step is, with what it lies on below it; nil where it is
  /// not in the image.
  private func place(of step: SolvedStep) -> Int? {
    guard let layer = step.layer else { return nil }
    return state.layers.indices.first { index in
      state.layers[index] == layer && index >= step.base.count
        && state.layers[(index - step.base.count)..<index].elementsEqual(step.base)
    }
  }

  /// What an image says of the steps that it was made by, so that it is a cache itself.
  func inlineSteps(_ encoding: LayerEncoding) -> InlineSteps {
    // Nothing that depends on what else was built with it: no label, and in the order of the keys.
    let entries = steps.map { step in
      let place = place(of: step)
      return InlineSteps.Entry(
        layer: place, baseCount: place == nil ? nil : step.base.count, identity: step.identity,
        keys: step.keys.map(\.digest))
    }.sorted { $0.keys[0] < $1.keys[0] }
    return InlineSteps(encoding: encoding.key, steps: entries)
  }
}
