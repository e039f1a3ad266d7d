internal import BuildGraph
import Glibc
package import OCI
package import Snapshots
package import SystemPackage

/// What is kept on disk between builds, below one home (`docs/walk.md` has the map).
package struct EngineStores: Sendable {
  package let home: FilePath
  package let content: ContentStore
  package let layers: LayerStore
  /// What is known of steps that were run.
  package let records: RecordStore<CacheRecord>
  /// What was fetched from other machines.
  package let sources: RecordStore<SourceRecord>
  package let cacheMounts: CacheMountStore

  /// Opens the stores below `home`, made where there are none. Throws `SystemCallError`.
  package init(home: FilePath) throws {
    try self.init(home: home, content: ContentStore(root: home), supply: NoBlobSupply())
  }

  /// Opens the stores below `home` around a content store.
  ///
  /// - Parameter supply: where the blobs come from that it lacks.
  package init(home: FilePath, content: ContentStore, supply: any BlobSupply) throws {
    self.home = home
    self.content = content
    try EngineStores.makePrivate(
      ["snapshots", "cache", "contexts", "host"].map { home.appending($0) })
    layers = try LayerStore(
      root: home.appending("snapshots"), content: content, supply: supply)
    records = try RecordStore(home: home, folder: "records")
    sources = try RecordStore(home: home, folder: "sources")
    cacheMounts = try CacheMountStore(home: home)
  }

  /// Makes folders that nobody but their owner can enter: in a layer lie the set-user-ID programs and
  /// device nodes that a step made as root, and they would work for every user of the machine.
  private static func makePrivate(_ folders: [FilePath]) throws {
    for folder in folders {
      try ContentStore.makeDirectories(folder)
      guard chmod(folder.string, 0o700) == 0 || errno == EPERM else {
        throw SystemCallError("protect", folder.string)
      }
    }
  }

  /// The state of a pinned image: its layers, none of them unpacked.
  func state(of source: ImageSource) throws -> FileSystemState {
    FileSystemState(layers: try layerStack(of: Image(source.descriptor, in: content)))
  }

  /// The layers of an image, bottom first, none of them unpacked.
  package func layerStack(of image: Image) throws -> [LayerID] {
    let manifest = try image.manifest()
    let diffIDs = try image.configuration().rootFileSystem.diffIDs
    guard manifest.layers.count == diffIDs.count else {
      throw ContentError.malformedDocument(
        "\(image.descriptor.digest)",
        "\(manifest.layers.count) layers but \(diffIDs.count) diff ids")
    }
    return try zip(manifest.layers, diffIDs).map { descriptor, diffID in
      try layers.adopt(descriptor: descriptor, diffID: diffID)
    }
  }
}
