internal import Archive
internal import BuildGraph
import Glibc
package import OCI
package import Snapshots

/// What a plan made: a state of files, of which images are made.
package struct SolvedBuild: Sendable {
  let plan: BuildPlan
  let state: FileSystemState
  /// All steps whose results are known, the image's and others.
  let steps: [SolvedStep]
  let stores: EngineStores
  /// How layers are made into blobs where nobody asks for another way.
  let encoding: LayerEncoding
  /// Whether images list their steps in their configuration, so that they are caches themselves.
  package var listsSteps = false

  init(
    plan: BuildPlan, state: FileSystemState, steps: [SolvedStep], stores: EngineStores,
    encoding: LayerEncoding
  ) {
    self.plan = plan
    self.state = state
    self.steps = steps
    self.stores = stores
    self.encoding = encoding
  }

  /// The latest time that the image may have; nil preserves times.
  var latestTime: Int64? { encoding.latestTime }

  /// What the image is for.
  package var platform: Platform { plan.configuration.platform }

  /// Makes an image: layers as blobs, configuration, manifest, all in the content store. The blobs of
  /// a base image need not be there; those that are compressed anew are fetched.
  ///
  /// Returns the descriptor of the manifest, with its platform and annotations. Layers are tarred and
  /// compressed only if they are not yet. Throws `ImageFormError`.
  package func image(_ form: ImageForm = ImageForm()) async throws -> Descriptor {
    let blobs = try await blobs(of: state.layers, form)
    var configuration = plan.configuration
    configuration.rootFileSystem.diffIDs = blobs.map(\.diffID)
    configuration.agreeHistory(withLayers: plan.layerDescriptions(blobs.count))
    stamp(&configuration)
    let store = stores.content
    let encoding = LayerEncoding(compression: form.compression, latestTime: latestTime)
    let document =
      try listsSteps
      ? inlineSteps(encoding).added(to: configuration) : JSON.encode(configuration)
    let annotations = form.annotations.manifest.all(for: platform)
    let manifest = Manifest(
      mediaType: form.mediaTypes.manifest,
      config: try store.add(document, as: form.mediaTypes.configuration),
      layers: try blobs.map { blob in
        var layer = blob.descriptor
        layer.mediaType = try form.mediaTypes.naming(layer.mediaType)
        return layer
      },
      annotations: annotations.isEmpty ? nil : annotations)
    var descriptor = try store.add(JSON.encode(manifest), as: form.mediaTypes.manifest)
    descriptor.platform = configuration.platform
    let described = form.annotations.manifestDescriptor.all(for: platform)
    if !described.isEmpty { descriptor.annotations = described }
    return descriptor
  }

  private func blobs(
    of layers: [LayerID], _ form: ImageForm
  ) async throws -> [LayerBlob] {
    let store = stores.layers
    let latestTime = latestTime
    return try await withThrowingTaskGroup(of: (Int, LayerBlob).self) { group in
      for index in layers.indices {
        group.addTask {
          try await BlockingWork.run {
            let lower = Array(layers[..<index])
            return (
              index,
              try store.blob(of: layers[index], form, latestTime: latestTime, above: lower)
            )
          }
        }
      }
      var blobs: [Int: LayerBlob] = [:]
      for try await (index, blob) in group { blobs[index] = blob }
      return layers.indices.compactMap { blobs[$0] }
    }
  }

  /// Times: the epoch, or now where times are preserved; a base image's entries keep theirs.
  private func stamp(_ configuration: inout ImageConfiguration) {
    let time = Timestamp(secondsSinceEpoch: latestTime ?? FileTime.now.seconds)
    configuration.created = time
    for index in configuration.history.indices where configuration.history[index].created == nil {
      configuration.history[index].created = time
    }
  }
}

extension LayerStore {
  /// The blob of a layer in an image of a form; see `blob(of:encoding:above:)`.
  package func blob(
    of layer: LayerID, _ form: ImageForm, latestTime: Int64?, above lower: [LayerID]
  ) throws -> LayerBlob {
    let encoding = LayerEncoding(compression: form.compression, latestTime: latestTime)
    return form.forceCompression
      ? try recompressedBlob(of: layer, encoding: encoding, above: lower)
      : try blob(of: layer, encoding: encoding, above: lower)
  }
}

extension BuildPlan {
  /// What BuildKit calls the layers of an image with `count` of them, bottom first. Each vertex on the
  /// target's chain made one; those below came with the base image.
  fileprivate func layerDescriptions(_ count: Int) -> [String] {
    let made = layerHistory.keys.sorted().map { Self.description(of: vertices[$0]) }
    // Not its name, which may be a path of this machine.
    let pulled = "pulled from " + (base.map { "\($0.descriptor.digest)" } ?? "an image")
    return Array(repeating: pulled, count: max(0, count - made.count)) + made.suffix(count)
  }

  private static func description(of vertex: Vertex) -> String {
    guard case .execute(let execution) = vertex.operation else { return vertex.label }
    return "mount / from exec " + execution.arguments.joined(separator: " ")
  }
}

extension ImageConfiguration {
  /// Makes the history have as many entries with a layer as there are layers, which are described
  /// bottom first: readers break on others.
  ///
  /// Only a base image can be at fault, whose history may be missing or wrong. As BuildKit's, the
  /// repair is at the end: surplus entries are called empty, and missing ones are added.
  mutating func agreeHistory(withLayers descriptions: [String]) {
    var told = 0
    for index in history.indices where history[index].emptyLayer != true {
      if told < descriptions.count { told += 1 } else { history[index].emptyLayer = true }
    }
    for description in descriptions.dropFirst(told) {
      history.append(
        HistoryEntry(createdBy: description, comment: "buildkit.exporter.image.v0"))
    }
  }
}
