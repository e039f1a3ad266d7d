import Archive
import OCI

/// Walks images from their descriptors to their layers and believes nothing: every size, digest and
/// diff ID is compared, every count has a limit.
///
/// A cycle of indices would need a digest that contains itself; only depth and number need a limit.
final class ImageVerifier {
  private let origin: any BlobOrigin
  private let staging: ContentStore
  private let destination: ContentStore
  private let limits: ImportLimits
  /// All blobs of the images that were verified, what is pointed at before what points at it.
  private(set) var verified: [Descriptor] = []
  private var seen: Set<Digest> = []
  private var documentCount = 0
  /// Of layers by their own digest.
  private var diffIDs: [Digest: Digest] = [:]

  init(
    origin: any BlobOrigin, staging: ContentStore, destination: ContentStore, limits: ImportLimits
  ) {
    self.origin = origin
    self.staging = staging
    self.destination = destination
    self.limits = limits
  }

  /// Verifies an image or an index of images, with all that belongs to it.
  func verify(_ descriptor: Descriptor) throws {
    try verify(descriptor, of: "`\(LayoutMarker.indexName)`", depth: 0)
  }

  /// The manifest for a platform of an index, or the manifest itself.
  func manifest(of descriptor: Descriptor, for platform: Platform, name: String) throws
    -> Descriptor
  {
    var current = descriptor
    for _ in 0...limits.indexDepth {
      guard current.mediaType.isIndex else { return current }
      let index = try index(current, of: "`\(LayoutMarker.indexName)`")
      let images = index.manifests.filter { $0.mediaType.isManifest }
      if let match = images.best(for: platform) { return match }
      // Many tools wrap an index into one of a single entry.
      guard index.manifests.count == 1, let only = index.manifests.first,
        only.mediaType.isIndex || (only.mediaType.isManifest && only.platform == nil)
      else {
        throw ImageError.noPlatform(
          name, wanted: platform, offered: images.compactMap(\.platform))
      }
      current = only
    }
    throw ImportError.indexTooDeep(current.digest, limit: limits.indexDepth)
  }

  private func verify(_ descriptor: Descriptor, of parent: String, depth: Int) throws {
    guard seen.insert(descriptor.digest).inserted else { return }
    if descriptor.mediaType.isIndex {
      try verifyIndex(descriptor, of: parent, depth: depth)
    } else if descriptor.mediaType.isManifest {
      try verifyManifest(descriptor, of: parent)
    } else if depth > 0 {
      // Something that an index lists and that is not known here: kept as it is.
      _ = try obtain(descriptor, of: parent)
    } else {
      throw ImportError.notAnImage(descriptor.digest, descriptor.mediaType)
    }
    verified.append(descriptor)
  }

  private func verifyIndex(_ descriptor: Descriptor, of parent: String, depth: Int) throws {
    guard depth < limits.indexDepth else {
      throw ImportError.indexTooDeep(descriptor.digest, limit: limits.indexDepth)
    }
    let index = try index(descriptor, of: parent)
    guard index.manifests.count <= limits.manifestCount else {
      throw ImportError.tooMany("manifests in one index", limit: limits.manifestCount)
    }
    let name = "the index `\(descriptor.digest)`"
    // An index may list images that were not saved with it, but not nothing else.
    let present = try index.manifests.filter { try isAvailable($0, to: name) }
    if present.isEmpty, let missing = index.manifests.first {
      throw ImportError.missingBlob(missing.digest, of: name)
    }
    for child in present { try verify(child, of: name, depth: depth + 1) }
  }

  private func index(_ descriptor: Descriptor, of parent: String) throws -> ImageIndex {
    let index = try document(ImageIndex.self, descriptor, of: parent)
    try check(index.mediaType, of: descriptor)
    return index
  }

  private func verifyManifest(_ descriptor: Descriptor, of parent: String) throws {
    let manifest = try document(Manifest.self, descriptor, of: parent)
    try check(manifest.mediaType, of: descriptor)
    guard manifest.layers.count <= limits.layerCount else {
      throw ImportError.tooMany("layers in one image", limit: limits.layerCount)
    }
    let name = "the manifest `\(descriptor.digest)`"
    if manifest.isRunnable { try verifyDiffIDs(of: manifest, name: name) }
    for part in [manifest.config] + manifest.layers {
      _ = try obtain(part, of: name)
      if seen.insert(part.digest).inserted { verified.append(part) }
    }
  }

  private func verifyDiffIDs(of manifest: Manifest, name: String) throws {
    let configuration = try document(ImageConfiguration.self, manifest.config, of: name)
    let expected = configuration.rootFileSystem.diffIDs
    guard expected.count == manifest.layers.count else {
      throw ImportError.layerCount(
        image: name, layers: manifest.layers.count, diffIDs: expected.count)
    }
    for (layer, diffID) in zip(manifest.layers, expected) {
      let actual = try self.diffID(of: layer, parent: name)
      guard actual == diffID else {
        throw ImportError.wrongDiffID(layer: layer.digest, expected: diffID, actual: actual)
      }
    }
  }

  private func diffID(of layer: Descriptor, parent: String) throws -> Digest {
    let store = try obtain(layer, of: parent)
    if let known = diffIDs[layer.digest] { return known }
    let file = try BlobSource(opening: store.path(of: layer.digest))
    let sink = DigestSink()
    do {
      let tar = try CompressionFormat.decompressing(file).contents
      try LimitedSource(
        tar, compressedSize: layer.size, ratio: limits.unpackedRatio, floor: limits.unpackedFloor
      ).copy(to: sink)
    } catch let error as ArchiveError {
      throw ImportError.corruptLayer(layer.digest, error.description)
    }
    diffIDs[layer.digest] = sink.digest
    return sink.digest
  }

  /// A document that says what it is must say what the one who points at it says: else two readers
  /// could see two images under one digest.
  private func check(_ actual: MediaType?, of descriptor: Descriptor) throws {
    if let actual, actual != descriptor.mediaType {
      throw ImportError.mediaTypeMismatch(
        descriptor.digest, expected: descriptor.mediaType, actual: actual)
    }
  }

  private func document<Value: Decodable>(
    _ type: Value.Type, _ descriptor: Descriptor, of parent: String
  ) throws -> Value {
    documentCount += 1
    // Each manifest has its configuration.
    guard documentCount <= 2 * limits.manifestCount else {
      throw ImportError.tooMany("manifests", limit: limits.manifestCount)
    }
    guard descriptor.size <= limits.documentSize else {
      throw ImportError.documentTooLarge(
        "`\(descriptor.digest)`", size: descriptor.size, limit: limits.documentSize)
    }
    let bytes = try obtain(descriptor, of: parent).read(descriptor)
    return try Document.decode(type, from: bytes, origin: "\(descriptor.digest)")
  }

  /// Whether a blob is there; if it is, with the size that its descriptor says.
  private func isAvailable(_ descriptor: Descriptor, to parent: String) throws -> Bool {
    let isStaged = staging.size(of: descriptor.digest) != nil
    if !isStaged, !destination.contains(descriptor) {
      return try origin.stage(descriptor, in: staging)
    }
    _ = try obtain(descriptor, of: parent)
    return true
  }

  /// The store that has a blob. What the destination has already is not asked for again.
  private func obtain(_ descriptor: Descriptor, of parent: String) throws -> ContentStore {
    if let size = staging.size(of: descriptor.digest) {
      guard size == descriptor.size else {
        throw ImportError.wrongSize(descriptor.digest, expected: descriptor.size, actual: size)
      }
      return staging
    }
    if destination.contains(descriptor) { return destination }
    guard try origin.stage(descriptor, in: staging) else {
      throw ImportError.missingBlob(descriptor.digest, of: parent)
    }
    return staging
  }
}

/// The digest of what is written.
private final class DigestSink: ByteSink {
  private var hasher = SHA256Hasher()

  var digest: Digest { hasher.finish() }

  func write(_ bytes: UnsafeRawBufferPointer) {
    hasher.update(bytes)
  }
}
