package import BuildGraph
package import OCI
package import Snapshots
package import SystemPackage

/// What is kept on disk between builds, below one home (`docs/walk.md` has the map).
package struct EngineStores: Sendable {
  package let home: FilePath
  package let content: ContentStore
  package let layers: LayerStore
  package let records: RecordStore
  package let cacheMounts: CacheMountStore

  /// Opens the stores below `home`, made where there are none. Throws `SystemCallError`.
  package init(home: FilePath) throws {
    self.home = home
    content = try ContentStore(root: home)
    layers = try LayerStore(root: home.appending("snapshots"), content: content)
    records = try RecordStore(home: home)
    cacheMounts = try CacheMountStore(home: home)
    try ContentStore.makeDirectories(home.appending("contexts"))
  }

  /// The state of an image of the store: its layers, none of them unpacked.
  func state(of source: ImageSource) throws -> FileSystemState {
    let image = Image(source.descriptor, in: content)
    let manifest = try image.manifest()
    let diffIDs = try image.configuration().rootFileSystem.diffIDs
    guard manifest.layers.count == diffIDs.count else {
      throw ContentError.malformedDocument(
        source.reference,
        "\(manifest.layers.count) layers but \(diffIDs.count) diff ids")
    }
    let layers = try zip(manifest.layers, diffIDs).map { descriptor, diffID in
      try self.layers.adopt(descriptor: descriptor, diffID: diffID)
    }
    return FileSystemState(layers: layers)
  }
}
