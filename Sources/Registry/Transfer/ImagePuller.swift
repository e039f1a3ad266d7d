package import OCI

/// Brings images from registries into a store: documents at once, layers when they are asked for.
package struct ImagePuller: Sendable {
  private let store: ContentStore
  private let origins: BlobOrigins
  private let client: RegistryClient

  package init(store: ContentStore, origins: BlobOrigins, client: RegistryClient) {
    self.store = store
    self.origins = origins
    self.client = client
  }

  /// What a reference stands for in its registry: the descriptor of a manifest or an index, which is in
  /// the store afterwards.
  ///
  /// - Parameter known: what the reference stood for before; where it still does, nothing is fetched.
  ///
  /// Throws `RegistryError`.
  package func resolve(_ reference: Reference, known: Descriptor? = nil) async throws -> Descriptor
  {
    let repository = client.repository(reference)
    if let digest = reference.digest, let stored = try storedDocument(digest) { return stored }
    if let known, store.contains(known), reference.digest == nil {
      let current = try await repository.describeManifest(ManifestReference(reference))
      if current?.digest == known.digest {
        var known = known
        known.annotations = nil
        return known
      }
    }
    let document = try await repository.manifest(ManifestReference(reference))
    origins.note([document.descriptor.digest], in: reference)
    return try await add(document.bytes, as: document.descriptor.mediaType)
  }

  /// Writing waits for the disk.
  private func add(_ bytes: [UInt8], as mediaType: MediaType) async throws -> Descriptor {
    let store = store
    return try await BlockingWork.run { try store.add(bytes, as: mediaType) }
  }

  /// A manifest or index by its digest that is in the store already.
  private func storedDocument(_ digest: Digest) throws -> Descriptor? {
    guard let size = store.size(of: digest), size <= ContentStore.documentLimit else { return nil }
    let probe = Descriptor(mediaType: .manifest, digest: digest, size: size)
    guard let type = DocumentType.of(try store.read(probe), contentType: nil),
      type.isManifest || type.isIndex
    else { return nil }
    return Descriptor(mediaType: type, digest: digest, size: size)
  }

  /// The image that a descriptor stands for on a platform: its manifest and configuration are in the
  /// store afterwards, and where its layers are is known.
  ///
  /// Throws `ImageError.noPlatform`, `RegistryError` and `ContentError`.
  package func image(
    _ root: Descriptor, platform: Platform, of reference: Reference
  ) async throws -> Image {
    guard root.mediaType.isIndex else { return try await image(root, of: reference) }
    let chosen = try store.image(root, platform: platform, name: reference.familiar)
    return try await image(chosen.descriptor, of: reference)
  }

  /// The images of all platforms that a descriptor stands for, attestations included.
  package func images(_ root: Descriptor, of reference: Reference) async throws -> [Image] {
    guard root.mediaType.isIndex else { return [try await image(root, of: reference)] }
    var images: [Image] = []
    for entry in try store.index(root).manifests {
      if entry.mediaType.isIndex {
        try await ensureDocument(entry, of: reference)
        images += try await self.images(entry, of: reference)
      } else {
        images.append(try await image(entry, of: reference))
      }
    }
    return images
  }

  private func image(_ descriptor: Descriptor, of reference: Reference) async throws -> Image {
    try await ensureDocument(descriptor, of: reference)
    let image = Image(descriptor, in: store)
    let manifest = try image.manifest()
    let parts = [manifest.config] + manifest.layers
    origins.note(parts.map(\.digest) + [descriptor.digest], in: reference)
    if !store.contains(manifest.config), manifest.config.size <= ContentStore.documentLimit {
      let bytes = try await client.repository(reference).document(manifest.config)
      _ = try await add(bytes, as: manifest.config.mediaType)
    }
    return image
  }

  private func ensureDocument(_ descriptor: Descriptor, of reference: Reference) async throws {
    guard !store.contains(descriptor) else { return }
    let document = try await client.repository(reference).manifest(.digest(descriptor.digest))
    _ = try await add(document.bytes, as: document.descriptor.mediaType)
  }
}

extension Image {
  /// The blobs of the image besides its manifest: configuration and layers.
  package func parts() throws -> [Descriptor] {
    let manifest = try manifest()
    return [manifest.config] + manifest.layers
  }
}
