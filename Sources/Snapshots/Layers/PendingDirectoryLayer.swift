import Glibc
import OCI
package import SystemPackage

/// A layer on its way into the store as a directory: an overlay's upper directory, or what a
/// ``DirectoryLayerSink`` fills.
///
/// What is not committed is discarded.
package struct PendingDirectoryLayer: ~Copyable {
  /// The layer's files.
  package let upper: FilePath
  /// What overlayfs wants beside the upper directory, empty.
  package let work: FilePath
  private let workspace: Workspace
  private let layout: StoreLayout

  init(_ layout: StoreLayout) throws {
    let workspace = try Workspace(layout)
    let layer = workspace.path.appending("layer")
    for path in [layer, layer.appending("fs"), workspace.path.appending("work")] {
      try makeDirectory(path, mode: 0o755)
    }
    let upper = layer.appending("fs")
    // The user's umask may have taken bits away, and the root of a layer is seen in the overlay.
    if chmod(upper.string, 0o755) != 0 { throw SystemCallError("change the mode of", upper.string) }
    self.upper = upper
    work = workspace.path.appending("work")
    self.layout = layout
    self.workspace = workspace
  }

  /// A sink that writes into the upper directory; `finish()` it before `commit()`. Parents that are
  /// not given are as they are in `lower`, which the layer will lie on; where it has none, they become
  /// root's, with mode 0755.
  package func sink(over lower: (any FileTree)? = nil) throws -> DirectoryLayerSink {
    try DirectoryLayerSink(
      upper, trash: layout.trash, lower: LowerTree { lower ?? StackTree(layers: []) })
  }

  /// Puts the layer into the store. Nothing may have it mounted any more.
  package consuming func commit() throws -> LayerID {
    let id = LayerID.random()
    let layer = workspace.path.appending("layer")
    if rename(layer.string, layout.layer(id).path.string) != 0 {
      throw SystemCallError("store", upper.string)
    }
    return id
  }
}
