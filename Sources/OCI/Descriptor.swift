/// What points at content: its type, digest and size (image-spec, descriptor.md).
package struct Descriptor: Hashable, Sendable, Codable {
  package var mediaType: MediaType
  package var digest: Digest
  /// In bytes.
  package var size: Int64
  package var platform: Platform?
  package var annotations: [String: String]?
  package var urls: [String]?
  package var artifactType: MediaType?

  package init(
    mediaType: MediaType, digest: Digest, size: Int64, platform: Platform? = nil,
    annotations: [String: String]? = nil
  ) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
    self.platform = platform
    self.annotations = annotations
  }

  /// The descriptor of `content` under a media type.
  package init(of content: [UInt8], as mediaType: MediaType) {
    self.init(
      mediaType: mediaType, digest: .sha256(of: content), size: Int64(content.count))
  }
}

/// The annotation keys of image-spec, annotations.md, and of the tools that read our layout.
package enum Annotation {
  /// The tag of an entry of a layout's `index.json` (image-layout.md).
  package static let referenceName = "org.opencontainers.image.ref.name"
  /// The full name of an image, as containerd and `docker load` read it.
  package static let imageName = "io.containerd.image.name"
  package static let created = "org.opencontainers.image.created"
}
