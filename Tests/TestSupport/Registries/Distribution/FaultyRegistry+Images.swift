package import OCI

extension FaultyRegistry {
  /// Whose media types an image has.
  package enum ImageFormat: Sendable {
    case oci
    case docker
  }

  /// Puts an image into a repository; the layers' diff ids are added to its configuration.
  @discardableResult
  package func addImage(
    _ layers: [SeedLayer],
    configuration: ImageConfiguration = ImageConfiguration(
      platform: Platform(os: "linux", architecture: "amd64")),
    format: ImageFormat = .oci, to repository: String, tag: String? = nil
  ) throws -> Descriptor {
    var configuration = configuration
    configuration.rootFileSystem.diffIDs = layers.map(\.diffID)
    let bytes = try JSON.encode(configuration)
    try put(blob: bytes, in: repository)
    for layer in layers { try put(blob: layer.bytes, in: repository) }
    let manifest = Manifest(
      mediaType: format == .oci ? .manifest : .dockerManifest,
      config: Descriptor(of: bytes, as: format == .oci ? .configuration : .dockerConfiguration),
      layers: layers.map { Descriptor(of: $0.bytes, as: format.type(of: $0)) })
    var descriptor = try put(
      manifest: try JSON.encode(manifest), as: manifest.mediaType ?? .manifest, in: repository,
      tag: tag)
    descriptor.platform = configuration.platform
    return descriptor
  }

  /// Puts an index of images that are in the repository.
  @discardableResult
  package func addIndex(
    of images: [Descriptor], format: ImageFormat = .oci, to repository: String, tag: String? = nil
  ) throws -> Descriptor {
    let type = format == .oci ? MediaType.index : .dockerManifestList
    let index = ImageIndex(mediaType: type, manifests: images)
    return try put(manifest: try JSON.encode(index), as: type, in: repository, tag: tag)
  }
}

extension FaultyRegistry.ImageFormat {
  fileprivate func type(of layer: SeedLayer) -> MediaType {
    switch (self, layer.mediaType) {
    case (.docker, .layerGzip): .dockerLayerGzip
    case (.docker, .layer): .dockerLayer
    default: layer.mediaType
    }
  }
}
