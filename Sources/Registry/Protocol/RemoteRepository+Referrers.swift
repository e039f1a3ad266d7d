package import OCI
internal import Transport

extension RemoteRepository {
  /// What refers to a manifest, such as its attestations (distribution-spec, "Listing Referrers"): from
  /// the registry's own list, or from the index under the fallback tag where it keeps none.
  ///
  /// - Parameter artifactType: nil for all.
  package func referrers(
    to subject: Digest, artifactType: MediaType? = nil
  ) async throws -> [Descriptor] {
    let listed = try await listedReferrers(to: subject, artifactType)
    let all: [Descriptor]
    if let listed {
      all = listed
    } else {
      all = try await fallbackIndex(of: subject)?.manifests ?? []
    }
    // A registry need not filter.
    return artifactType.map { type in all.filter { $0.artifactType == type } } ?? all
  }

  /// Stores a manifest that has a subject, by its digest, and makes sure that it is listed.
  package func put(referrer bytes: [UInt8], _ type: MediaType) async throws -> Descriptor {
    let manifest = try JSON.decode(Manifest.self, from: bytes)
    var descriptor = Descriptor(of: bytes, as: type)
    let isListed = try await put(manifest: bytes, type, as: .digest(descriptor.digest))
    guard let subject = manifest.subject, !isListed else { return descriptor }
    descriptor.artifactType = manifest.artifactType ?? manifest.config.mediaType
    descriptor.annotations = manifest.annotations
    // Between reading and writing somebody else may add theirs: the fallback of the specification
    // has no remedy for that.
    var index = try await fallbackIndex(of: subject.digest) ?? ImageIndex()
    if !index.manifests.contains(where: { $0.digest == descriptor.digest }) {
      index.manifests.append(descriptor)
      try await put(
        manifest: JSON.encode(index), .index, as: Self.fallbackTag(of: subject.digest))
    }
    return descriptor
  }

  /// Nil where the registry keeps no list.
  private func listedReferrers(
    to subject: Digest, _ artifactType: MediaType?
  ) async throws -> [Descriptor]? {
    let (repository, activity) = (self, "listing what refers to `\(subject)`")
    return try await perform(activity, access: .pull) { endpoint in
      var url = try endpoint.url(repository.name, "referrers/\(subject)")
      if let artifactType { url = url.addingQuery("artifactType", artifactType.rawValue) }
      return HTTPRequest(.get, url, fields: ["Accept": MediaType.index.rawValue])
    } receive: { response -> [Descriptor]?? in
      guard response.status == 200 else {
        // Registries without the list answer in many ways.
        return [400, 404, 405, 406, 501].contains(response.status) ? .some(nil) : nil
      }
      let bytes = try await response.collect(limit: Int(ContentStore.documentLimit))
      guard let index = try? JSON.decode(ImageIndex.self, from: bytes) else { return .some(nil) }
      return index.manifests
    }
  }

  private func fallbackIndex(of subject: Digest) async throws -> ImageIndex? {
    do {
      let document = try await manifest(Self.fallbackTag(of: subject))
      return try JSON.decode(ImageIndex.self, from: document.bytes)
    } catch let error as RegistryError where error.status == 404 {
      return nil
    }
  }

  private static func fallbackTag(of digest: Digest) -> ManifestReference {
    .tag("sha256-" + digest.hex)
  }
}
