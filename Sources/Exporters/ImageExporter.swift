package import OCI

/// Writes images of a store to a destination.
package struct ImageExporter: Sendable {
  let store: ContentStore
  let progress: TransferProgress

  package init(store: ContentStore, progress: @escaping TransferProgress = { _ in }) {
    self.store = store
    self.progress = progress
  }

  /// Writes `images`; every blob of theirs must be in the store. Blocks the thread.
  package func write(_ images: [NamedImage], to destination: ExportDestination) throws {
  }
}
