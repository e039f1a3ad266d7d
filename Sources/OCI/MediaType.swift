/// A media type. The set is open: an unknown one is kept as it came.
package struct MediaType: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
  package let rawValue: String

  package init(rawValue: String) {
    self.rawValue = rawValue
  }

  package var description: String { rawValue }

  // opencontainers/image-spec, media-types.md
  package static let manifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
  package static let index = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
  package static let configuration = MediaType(
    rawValue: "application/vnd.oci.image.config.v1+json")
  package static let layer = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
  package static let layerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
  package static let layerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
  package static let empty = MediaType(rawValue: "application/vnd.oci.empty.v1+json")

  // distribution/distribution, docs/spec/manifest-v2-2.md
  package static let dockerManifest = MediaType(
    rawValue: "application/vnd.docker.distribution.manifest.v2+json")
  package static let dockerManifestList = MediaType(
    rawValue: "application/vnd.docker.distribution.manifest.list.v2+json")
  package static let dockerConfiguration = MediaType(
    rawValue: "application/vnd.docker.container.image.v1+json")
  package static let dockerLayerGzip = MediaType(
    rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")
  package static let dockerLayer = MediaType(
    rawValue: "application/vnd.docker.image.rootfs.diff.tar")

  /// Whether this names an image manifest, of either specification.
  package var isManifest: Bool { self == .manifest || self == .dockerManifest }

  /// Whether this names a list of manifests, of either specification.
  package var isIndex: Bool { self == .index || self == .dockerManifestList }

  /// Whether this names a file-system layer that can be unpacked here.
  package var isLayer: Bool {
    [.layer, .layerGzip, .layerZstd, .dockerLayer, .dockerLayerGzip].contains(self)
  }
}

extension MediaType: Codable {
  package init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
