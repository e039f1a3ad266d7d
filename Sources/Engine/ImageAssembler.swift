internal import Archive
internal import BuildGraph
import Glibc
internal import OCI
internal import Snapshots

/// Makes an image of a state: layers as blobs, configuration, manifest, all in the content store.
struct ImageAssembler: Sendable {
  let stores: EngineStores
  let inputs: BuildInputs

  /// The descriptor of the manifest. Layers are tarred and compressed only if they are not yet.
  func assemble(_ plan: BuildPlan, _ state: FileSystemState) async throws -> Descriptor {
    let blobs = try await blobs(of: state.layers)
    var configuration = plan.configuration
    configuration.rootFileSystem.diffIDs = blobs.map(\.diffID)
    configuration.agreeHistory(withLayers: blobs.count)
    stamp(&configuration)
    let store = stores.content
    let manifest = Manifest(
      config: try store.add(JSON.encode(configuration), as: .configuration),
      layers: blobs.map(\.descriptor).map(ImageAssembler.withOCIType))
    var descriptor = try store.add(JSON.encode(manifest), as: .manifest)
    descriptor.platform = configuration.platform
    return descriptor
  }

  private func blobs(of layers: [LayerID]) async throws -> [LayerBlob] {
    let encoding = inputs.encoding
    let store = stores.layers
    return try await withThrowingTaskGroup(of: (Int, LayerBlob).self) { group in
      for index in layers.indices {
        group.addTask {
          try await BlockingWork.run {
            let lower = Array(layers[..<index])
            return (index, try store.blob(of: layers[index], encoding: encoding, above: lower))
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
    let time = Timestamp(secondsSinceEpoch: inputs.latestTime ?? FileTime.now.seconds)
    configuration.created = time
    for index in configuration.history.indices where configuration.history[index].created == nil {
      configuration.history[index].created = time
    }
  }

  /// A manifest of OCI's types wants layers of OCI's types; the bytes are the same.
  private static func withOCIType(_ layer: Descriptor) -> Descriptor {
    var layer = layer
    switch layer.mediaType {
    case .dockerLayerGzip: layer.mediaType = .layerGzip
    case .dockerLayer: layer.mediaType = .layer
    default: break
    }
    return layer
  }
}

extension ImageConfiguration {
  /// Makes the history have as many entries with a layer as there are layers: readers break on others.
  ///
  /// Only a base image can be at fault, whose history may be missing or wrong; so entries are put in,
  /// or called empty, at the bottom.
  mutating func agreeHistory(withLayers count: Int) {
    let withLayer = history.indices.filter { history[$0].emptyLayer != true }
    for index in withLayer.prefix(max(0, withLayer.count - count)) {
      history[index].emptyLayer = true
    }
    let missing = HistoryEntry(comment: "buildkit.exporter.image.v0")
    let missingCount = max(0, count - withLayer.count)
    history.insert(contentsOf: Array(repeating: missing, count: missingCount), at: 0)
  }
}
