package import SystemPackage

extension LayerStore {
  /// A sink that writes into any directory, such as a folder that a step has mounted; `finish()` it.
  ///
  /// The directory must lie on the store's file system.
  package func sink(into directory: FilePath) throws -> DirectoryLayerSink {
    try DirectoryLayerSink(
      directory, trash: layout.trash, lower: LowerTree { StackTree(layers: []) })
  }
}
