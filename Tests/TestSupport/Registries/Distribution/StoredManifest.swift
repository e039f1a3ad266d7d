import OCI

/// A manifest or an index, with what a registry looks at.
struct StoredManifest: Sendable {
  let bytes: [UInt8]
  let mediaType: MediaType
  let digest: Digest
  let view: View

  /// Throws `RegistryError` where it is no manifest, or not of the type that was said.
  init(_ bytes: [UInt8], as mediaType: MediaType) throws {
    self.bytes = bytes
    self.mediaType = mediaType
    digest = .sha256(of: bytes)
    do {
      view = try JSON.decode(View.self, from: bytes)
    } catch {
      throw RegistryError.manifestInvalid("manifest invalid: \(error)")
    }
    if let own = view.mediaType, own != mediaType {
      throw RegistryError.manifestInvalid("it says `\(own)` and came as `\(mediaType)`")
    }
    guard view.schemaVersion == 2, view.config != nil || view.manifests != nil else {
      throw RegistryError.manifestInvalid("neither a manifest nor an index")
    }
  }

  /// Those of the fields of both kinds that matter here.
  struct View: Decodable {
    let schemaVersion: Int
    let mediaType: MediaType?
    let artifactType: MediaType?
    let config: Descriptor?
    let layers: [Descriptor]?
    let manifests: [Descriptor]?
    let subject: Descriptor?
    let annotations: [String: String]?
  }

  /// Blobs that must be in the repository; foreign layers, which have URLs, need not be.
  var blobs: [Descriptor] {
    ([view.config].compactMap { $0 } + (view.layers ?? [])).filter { ($0.urls ?? []).isEmpty }
  }

  /// What a list of referrers says of it (distribution-spec, "Listing Referrers").
  var referrer: Descriptor {
    var descriptor = Descriptor(
      mediaType: mediaType, digest: digest, size: Int64(bytes.count),
      annotations: view.annotations)
    descriptor.artifactType = view.artifactType ?? view.config?.mediaType
    return descriptor
  }
}
