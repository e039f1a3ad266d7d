import OCI

/// All blobs that belong to an image or to an index of images, found by reading its documents.
struct ImageContent {
  let image: NamedImage
  /// No digest twice; what points comes before what it points at.
  private(set) var blobs: [Descriptor] = []
  /// The manifests of images that can run, in the order of the index.
  private(set) var runnable: [RunnableManifest] = []

  private var seen: Set<Digest> = []

  /// Of an index those manifests are left out that are not in the store: it may have been pulled for
  /// one platform only, and it cannot be rewritten without changing its digest. Everything else that
  /// is missing throws ``ExportError/missingBlob(_:of:)``.
  init(of image: NamedImage, in store: ContentStore) throws {
    self.image = image
    try visit(image.descriptor, in: store)
  }

  private mutating func visit(_ descriptor: Descriptor, in store: ContentStore) throws {
    try add(descriptor, of: image.descriptor.digest, in: store) { content throws in
      if descriptor.mediaType.isIndex {
        try content.visitIndex(descriptor, in: store)
      } else if descriptor.mediaType.isManifest {
        try content.visitManifest(descriptor, in: store)
      }
    }
  }

  private mutating func visitIndex(_ descriptor: Descriptor, in store: ContentStore) throws {
    let index = try Document.decode(
      ImageIndex.self, from: store.read(descriptor), origin: "\(descriptor.digest)")
    let present = index.manifests.filter { store.contains($0) }
    if present.isEmpty, let missing = index.manifests.first {
      throw ExportError.missingBlob(missing.digest, of: descriptor.digest)
    }
    for child in present { try visit(child, in: store) }
  }

  private mutating func visitManifest(_ descriptor: Descriptor, in store: ContentStore) throws {
    let manifest = try Image(descriptor, in: store).manifest()
    for part in [manifest.config] + manifest.layers {
      try add(part, of: descriptor.digest, in: store) { _ in }
    }
    if manifest.isRunnable {
      runnable.append(RunnableManifest(descriptor: descriptor, manifest: manifest))
    }
  }

  private mutating func add(
    _ descriptor: Descriptor, of parent: Digest, in store: ContentStore,
    then visitParts: (inout ImageContent) throws -> Void
  ) throws {
    guard seen.insert(descriptor.digest).inserted else { return }
    guard store.contains(descriptor) else {
      throw ExportError.missingBlob(descriptor.digest, of: parent)
    }
    blobs.append(descriptor)
    try visitParts(&self)
  }
}

/// The manifest of an image with a configuration and layers that are file systems.
struct RunnableManifest {
  let descriptor: Descriptor
  let manifest: Manifest
}

extension Manifest {
  /// Whether this is an image, not an attestation or another artifact in the form of one.
  var isRunnable: Bool {
    [.configuration, .dockerConfiguration].contains(config.mediaType)
      && layers.allSatisfy(\.mediaType.isLayer)
  }
}

extension [ImageContent] {
  /// The blobs of all of them, sorted by digest, none twice.
  var allBlobs: [Descriptor] {
    var seen: Set<Digest> = []
    return flatMap(\.blobs).filter { seen.insert($0.digest).inserted }
      .sorted { $0.digest < $1.digest }
  }

  /// The `index.json` that lists them; the tag alone is the reference name.
  var index: ImageIndex {
    var index = ImageIndex()
    for content in self { index.add(content.image, referenceName: \.layoutReferenceName) }
    return index
  }
}

extension Reference {
  /// What `org.opencontainers.image.ref.name` says in a layout for others.
  var layoutReferenceName: String { tag ?? description }
}
