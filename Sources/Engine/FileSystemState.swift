package import Snapshots

/// A file system as a stack of layers over nothing, or over this machine's own system.
package struct FileSystemState: Sendable, Hashable {
  /// What lies at the bottom.
  package enum Base: Sendable, Hashable {
    case nothing
    case host
    /// A local directory, by the name of its build context: copied from and mounted, never built on.
    case context(String)
  }

  package var base: Base
  /// Bottom first.
  package var layers: [LayerID]

  package init(base: Base = .nothing, layers: [LayerID] = []) {
    self.base = base
    self.layers = layers
  }

  func adding(_ layer: LayerID) -> FileSystemState {
    FileSystemState(base: base, layers: layers + [layer])
  }
}
