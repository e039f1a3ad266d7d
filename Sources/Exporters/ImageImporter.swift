import Archive
import Glibc
package import OCI
package import SystemPackage

/// Reads images of archives and layouts into a store.
///
/// What comes in is hostile until proven otherwise. It is gathered in a staging area of its own, and
/// only when every size, digest and diff ID of every image is verified do the blobs go into the store,
/// and then the names into its index, all at once. Whatever fails before leaves the store as it was.
package struct ImageImporter: Sendable {
  private let store: ContentStore
  private let limits: ImportLimits
  private let progress: TransferProgress

  /// `progress` is told the bytes that were read from the source.
  package init(
    store: ContentStore, limits: ImportLimits = .standard,
    progress: @escaping TransferProgress = { _ in }
  ) {
    self.store = store
    self.limits = limits
    self.progress = progress
  }

  /// Adds all images of `source`, and their names as tags; images without a name are kept, too.
  ///
  /// Blocks the thread. Throws ``ImportError``, `ArchiveError`, `ContentError`, `SystemCallError`.
  package func load(from source: ImportSource) throws -> [NamedImage] {
    let staging = try ImportStaging(for: store)
    let (origin, images) = try open(source, staging.store)
    let verifier = ImageVerifier(
      origin: origin, staging: staging.store, destination: store, limits: limits)
    for image in images { try verifier.verify(image.descriptor) }
    try staging.commit(verifier.verified) { store in
      try store.updateIndex { index in
        for image in images { index.add(image, referenceName: \.familiar) }
      }
    }
    return images
  }

  /// Adds one image of a layout without a tag, for a build context.
  ///
  /// - Parameter name: a tag, a full name or a digest; nil takes the only image, or `latest` of
  ///   several. Of an index, the first image for `platform` is taken.
  package func importImage(
    fromLayout layout: FilePath, name: String?, platform: Platform
  ) throws -> Image {
    let staging = try ImportStaging(for: store)
    let origin = try LayoutOrigin(layout, limits: limits, progress: progress)
    let verifier = ImageVerifier(
      origin: origin, staging: staging.store, destination: store, limits: limits)
    let listed = try LayoutCatalogue(origin.index).choose(name)
    let chosen = try verifier.manifest(
      of: listed, for: platform, name: name ?? layout.lastComponent?.string ?? layout.string)
    try verifier.verify(chosen)
    try staging.commit(verifier.verified) { _ in }
    return Image(chosen, in: store)
  }

  private func open(
    _ source: ImportSource, _ staging: ContentStore
  ) throws -> (any BlobOrigin, [NamedImage]) {
    switch source {
    case .layoutDirectory(let path): return try openLayout(path)
    case .descriptor(let descriptor):
      return try openArchive(FileDescriptorSource(descriptor), staging)
    case .file(let path):
      var status = stat()
      if stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        return try openLayout(path)
      }
      return try openArchive(BlobSource(opening: path), staging)
    }
  }

  private func openLayout(_ path: FilePath) throws -> (any BlobOrigin, [NamedImage]) {
    let origin = try LayoutOrigin(path, limits: limits, progress: progress)
    return (origin, try LayoutCatalogue(origin.index).images(limits: limits))
  }

  private func openArchive(
    _ source: any ByteSource, _ staging: ContentStore
  ) throws -> (any BlobOrigin, [NamedImage]) {
    let archive = try SpooledArchive(
      reading: source, into: staging, limits: limits, progress: progress)
    return (archive, try archive.images(limits: limits))
  }
}
