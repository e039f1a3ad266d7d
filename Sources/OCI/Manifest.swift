/// An image manifest (image-spec, manifest.md).
package struct Manifest: Hashable, Sendable, Codable {
  package var schemaVersion = 2
  package var mediaType: MediaType?
  package var artifactType: MediaType?
  package var config: Descriptor
  package var layers: [Descriptor]
  package var subject: Descriptor?
  package var annotations: [String: String]?

  package init(
    mediaType: MediaType = .manifest, config: Descriptor, layers: [Descriptor],
    annotations: [String: String]? = nil
  ) {
    self.mediaType = mediaType
    self.config = config
    self.layers = layers
    self.annotations = annotations
  }
}

/// A list of manifests (image-spec, image-index.md).
package struct ImageIndex: Hashable, Sendable, Codable {
  package var schemaVersion = 2
  package var mediaType: MediaType?
  package var manifests: [Descriptor]
  package var annotations: [String: String]?

  package init(
    mediaType: MediaType? = .index, manifests: [Descriptor] = [],
    annotations: [String: String]? = nil
  ) {
    self.mediaType = mediaType
    self.manifests = manifests
    self.annotations = annotations
  }
}
