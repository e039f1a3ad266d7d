internal import Engine
internal import OCI
internal import Registry
internal import Snapshots
internal import SystemPackage

extension Home {
  /// Takes a name away; an image that has no name left goes, with the blobs that only it had.
  ///
  /// Returns what was removed, for people. While a build runs nothing is deleted from disk: a later
  /// `rm` or `prune` does that.
  package func remove(_ text: String) throws -> String {
    if let reference = try? Reference(text), try content.resolve(reference) != nil {
      _ = try content.untag(reference)
      try collectGarbage()
      return "untagged \(reference.familiar)"
    }
    let descriptor = try descriptor(of: text)
    try content.updateIndex { index in
      index.manifests.removeAll { $0.digest == descriptor.digest }
    }
    try collectGarbage()
    return "deleted \(descriptor.digest)"
  }

  /// Deletes the blobs that no image refers to and no cached layer keeps.
  private func collectGarbage() throws {
    guard let lock = try FileLock(ifFree: storeLock) else { return }
    defer { lock.release() }
    var kept = try stores.layers.retainedBlobs()
    for entry in try content.index().manifests {
      kept.insert(entry.digest)
      for image in (try? platformImages(of: entry)) ?? [] {
        kept.insert(image.descriptor.digest)
        if let manifest = try? image.manifest() {
          kept.insert(manifest.config.digest)
          kept.formUnion(manifest.layers.map(\.digest))
        }
      }
    }
    for digest in try content.blobs() where !kept.contains(digest) {
      content.remove(digest)
    }
    registries.origins.keep(only: kept)
  }
}
