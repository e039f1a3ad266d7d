package import OCI
package import SystemPackage

/// Reads images of archives and layouts into a store.
package struct ImageImporter: Sendable {
  let store: ContentStore
  let limits: ImportLimits
  let progress: TransferProgress

  package init(
    store: ContentStore, limits: ImportLimits = .standard,
    progress: @escaping TransferProgress = { _ in }
  ) {
    self.store = store
    self.limits = limits
    self.progress = progress
  }

  /// Adds all images of `source`, and their names as tags. Blocks the thread.
  package func load(from source: ImportSource) throws -> [NamedImage] {
    []
  }

  /// Adds one image of a layout without a tag, for a build context.
  package func importImage(
    fromLayout layout: FilePath, name: String?, platform: Platform
  ) throws -> Image {
    throw ContentError.missing(.sha256(of: []))
  }
}
