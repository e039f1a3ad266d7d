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
    stamp(&configuration, plan)
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
  private func stamp(_ configuration: inout ImageConfiguration, _ plan: BuildPlan) {
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
