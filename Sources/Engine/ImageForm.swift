package import OCI
package import Snapshots

/// What besides its files decides the bytes of an image.
package struct ImageForm: Sendable, Hashable {
  /// How the layers are compressed that are made here.
  package var compression = LayerEncoding.Compression.gzip(level: 6)
  /// Whether layers that came with a base image are compressed in that way, too. Those that are keep
  /// their bytes, whatever their level.
  package var forceCompression = false
  package var mediaTypes = MediaTypes.oci
  package var annotations = ImageAnnotations()

  package init() {}

  /// Whose media types an image has.
  package enum MediaTypes: Sendable, Hashable {
    case oci
    /// Docker's of 2016, for what knows no others. They have neither zstd nor annotations.
    case docker
  }
}

/// The annotations of an image (image-spec, annotations.md), by what they are put on.
package struct ImageAnnotations: Sendable, Hashable {
  /// On manifests.
  package var manifest = PlatformAnnotations()
  /// On what points at a manifest: its entry in an index, or in a layout's `index.json`.
  package var manifestDescriptor = PlatformAnnotations()
  /// On the index, where there are several platforms.
  package var index: [String: String] = [:]
  /// On what points at the index, in a layout's `index.json`.
  package var indexDescriptor: [String: String] = [:]

  package init() {}

  package var isEmpty: Bool {
    manifest.isEmpty && manifestDescriptor.isEmpty && !needsIndex
  }

  /// Whether some of them are for an index, which an image of one platform does not have.
  package var needsIndex: Bool { !index.isEmpty || !indexDescriptor.isEmpty }

  /// The platforms that some of them are for alone.
  package var platforms: Set<Platform> {
    Set(manifest.byPlatform.keys).union(manifestDescriptor.byPlatform.keys)
  }

  /// Takes over others, which win where both have a key.
  package mutating func merge(_ others: ImageAnnotations) {
    manifest.merge(others.manifest)
    manifestDescriptor.merge(others.manifestDescriptor)
    index.merge(others.index) { $1 }
    indexDescriptor.merge(others.indexDescriptor) { $1 }
  }
}

/// Annotations of which some are for one platform alone.
package struct PlatformAnnotations: Sendable, Hashable {
  package var common: [String: String] = [:]
  package var byPlatform: [Platform: [String: String]] = [:]

  package init() {}

  package var isEmpty: Bool { common.isEmpty && byPlatform.isEmpty }

  /// What a platform gets; its own win.
  package func all(for platform: Platform) -> [String: String] {
    byPlatform.filter { platform.satisfies($0.key) }
      // In an order, so that the same request is the same image where two spellings mean it.
      .sorted { $0.key.description < $1.key.description }
      .reduce(common) { $0.merging($1.value) { $1 } }
  }

  fileprivate mutating func merge(_ others: PlatformAnnotations) {
    common.merge(others.common) { $1 }
    byPlatform.merge(others.byPlatform) { $0.merging($1) { $1 } }
  }
}

/// Why an image cannot be made in a form.
package enum ImageFormError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A layer, of a base image or made here, that Docker's media types have no name for.
  case zstdWithDockerTypes
  case annotationsWithDockerTypes
  /// Annotations for an index, and only one platform.
  case indexAnnotationsWithoutIndex
  /// Annotations for a platform that is not among those that are built.
  case annotationsForOtherPlatform(Platform, built: [Platform])

  package var description: String {
    switch self {
    case .zstdWithDockerTypes:
      "Docker's media types have no layers that are compressed with zstd; "
        + "hint: leave out `oci-mediatypes=false`, or compress with `gzip` "
        + "(`force-compression=true` where the base image has such layers)"
    case .annotationsWithDockerTypes:
      "Docker's media types have no annotations; hint: leave out `oci-mediatypes=false`"
    case .indexAnnotationsWithoutIndex:
      "an image for one platform has no index to annotate; "
        + "hint: annotate the manifest, or build for several platforms"
    case .annotationsForOtherPlatform(let platform, let built):
      "there are annotations for `\(platform)`, which is not built; hint: "
        + built.map { "`\($0)`" }.joined(separator: ", ")
    }
  }
}

extension ImageForm {
  /// Throws `ImageFormError` where no image for these platforms can have the form.
  package func check(for platforms: [Platform]) throws {
    if annotations.needsIndex, platforms.count == 1 {
      throw ImageFormError.indexAnnotationsWithoutIndex
    }
    for wanted in annotations.platforms.sorted(by: { $0.description < $1.description })
    where !platforms.contains(where: { $0.satisfies(wanted) }) {
      throw ImageFormError.annotationsForOtherPlatform(wanted, built: platforms)
    }
    try checkMediaTypes()
  }

  /// Throws `ImageFormError` where the media types have no name for what else is asked for.
  package func checkMediaTypes() throws {
    guard mediaTypes == .docker else { return }
    if case .zstd = compression { throw ImageFormError.zstdWithDockerTypes }
    if !annotations.isEmpty { throw ImageFormError.annotationsWithDockerTypes }
  }
}

extension ImageForm.MediaTypes {
  package var manifest: MediaType { self == .oci ? .manifest : .dockerManifest }
  package var index: MediaType { self == .oci ? .index : .dockerManifestList }
  package var configuration: MediaType { self == .oci ? .configuration : .dockerConfiguration }

  /// A layer's name in these types; the bytes are the same. Throws `ImageFormError`.
  func naming(_ layer: MediaType) throws -> MediaType {
    switch (self, layer) {
    case (.oci, .dockerLayerGzip): .layerGzip
    case (.oci, .dockerLayer): .layer
    case (.docker, .layerGzip): .dockerLayerGzip
    case (.docker, .layer): .dockerLayer
    case (.docker, .layerZstd): throw ImageFormError.zstdWithDockerTypes
    default: layer
    }
  }
}
