package import OCI
internal import Transport

/// A manifest or index as a registry gave it: the bytes are what its digest is of.
package struct RemoteDocument: Sendable {
  package let descriptor: Descriptor
  package let bytes: [UInt8]
}

extension RemoteRepository {
  /// A manifest or index, by tag or digest, verified.
  ///
  /// Throws `RegistryError`: with status 404 where there is none, and for documents of other types.
  package func manifest(_ reference: ManifestReference) async throws -> RemoteDocument {
    let activity = "fetching the manifest `\(reference)`"
    let repository = self
    return try await perform(activity, access: .pull) { endpoint in
      try HTTPRequest(
        .get, endpoint.url(repository.name, "manifests/\(reference)"), fields: Self.accepted)
    } receive: { response in
      guard response.status == 200 else { return nil }
      let bytes = try await response.collect(limit: Int(ContentStore.documentLimit))
      let length = response.contentLength ?? Int64(bytes.count)
      guard length == bytes.count else {
        throw TransientFailure(
          cause: repository.error(
            activity, .wrongSize(expected: length, actual: Int64(bytes.count))))
      }
      return try repository.document(bytes, reference, response, activity)
    }
  }

  private func document(
    _ bytes: [UInt8], _ reference: ManifestReference, _ response: HTTPResponse, _ activity: String
  ) throws -> RemoteDocument {
    let actual = Digest.sha256(of: bytes)
    let promised =
      reference.digest ?? response.fields["Docker-Content-Digest"].flatMap { Digest($0) }
    if let promised, promised != actual {
      // Damaged on the way, perhaps.
      throw TransientFailure(
        cause: error(activity, .wrongDigest(expected: promised, actual: actual)))
    }
    guard let type = DocumentType.of(bytes, contentType: response.fields["Content-Type"]) else {
      throw error(activity, .malformed("it is neither manifest nor index"))
    }
    guard type.isManifest || type.isIndex else { throw error(activity, .notAnImage(type)) }
    return RemoteDocument(descriptor: Descriptor(of: bytes, as: type), bytes: bytes)
  }

  /// What a tag or digest names, without its bytes; nil where there is nothing, or the registry does
  /// not say.
  package func describeManifest(_ reference: ManifestReference) async throws -> Descriptor? {
    try await describe(reference, access: .pull)
  }

  func describe(
    _ reference: ManifestReference, access: AccessScope.Actions
  ) async throws -> Descriptor? {
    let repository = self
    return try await perform("looking for the manifest `\(reference)`", access: access) {
      endpoint in
      try HTTPRequest(
        .head, endpoint.url(repository.name, "manifests/\(reference)"), fields: Self.accepted)
    } receive: { response -> Descriptor?? in
      if response.status == 404 { return .some(nil) }
      guard response.status == 200 else { return nil }
      let type = response.fields["Content-Type"].map(DocumentType.withoutParameters)
      guard let digest = response.fields["Docker-Content-Digest"].flatMap({ Digest($0) }),
        let size = response.contentLength, let type
      else { return .some(nil) }
      return .some(Descriptor(mediaType: type, digest: digest, size: size))
    }
  }

  /// Stores a manifest or index under a tag or its digest. Everything it names must be there.
  ///
  /// Returns whether the registry keeps a list of what refers to a subject, where it has one.
  @discardableResult
  package func put(
    manifest bytes: [UInt8], _ type: MediaType, as reference: ManifestReference
  ) async throws -> Bool {
    let repository = self
    let expected = Digest.sha256(of: bytes)
    let activity = "storing the manifest `\(reference)`"
    return try await perform(activity, access: .pullAndPush) { endpoint in
      try HTTPRequest(
        .put, endpoint.url(repository.name, "manifests/\(reference)"),
        fields: ["Content-Type": type.rawValue], body: .bytes(bytes))
    } receive: { response in
      guard response.isSuccess else { return nil }
      if let digest = response.fields["Docker-Content-Digest"].flatMap({ Digest($0) }),
        digest != expected
      {
        throw repository.error(activity, .wrongDigest(expected: expected, actual: digest))
      }
      return response.fields["OCI-Subject"] != nil
    }
  }

  private static let accepted: HTTPFields = [
    "Accept": [MediaType.index, .manifest, .dockerManifestList, .dockerManifest]
      .map(\.rawValue).joined(separator: ", ")
  ]
}

/// What a manifest is asked for by.
package enum ManifestReference: Sendable, Hashable, CustomStringConvertible {
  case tag(String)
  case digest(Digest)

  /// The digest of a reference, else its tag.
  package init(_ reference: Reference) {
    self = reference.digest.map { .digest($0) } ?? .tag(reference.tag ?? "latest")
  }

  var digest: Digest? {
    if case .digest(let digest) = self { digest } else { nil }
  }

  package var description: String {
    switch self {
    case .tag(let tag): tag
    case .digest(let digest): digest.description
    }
  }
}

/// What kind of document something is: its own word counts before what the server calls it, because
/// its digest covers the one and not the other.
enum DocumentType {
  private struct Shape: Decodable {
    struct Anything: Decodable {}

    let schemaVersion: Int?
    let mediaType: MediaType?
    let manifests: [Anything]?
    let config: Anything?
    let layers: [Anything]?
    /// Schema 1.
    let fsLayers: [Anything]?
  }

  /// Docker's images of before 2016, which have no configuration and no digests that hold.
  static let schema1 = MediaType(
    rawValue: "application/vnd.docker.distribution.manifest.v1+json")

  /// Nil for what is no JSON object, and for what could be taken for both a manifest and an index
  /// (CVE-2021-41190).
  static func of(_ bytes: [UInt8], contentType: String?) -> MediaType? {
    guard let shape = try? JSON.decode(Shape.self, from: bytes) else { return nil }
    if shape.schemaVersion == 1 || shape.fsLayers != nil { return schema1 }
    let isIndex = shape.manifests != nil
    let isManifest = shape.config != nil || shape.layers != nil
    if isIndex, isManifest { return nil }
    let told = contentType.map(withoutParameters)
    let type =
      shape.mediaType ?? told.flatMap { $0.isManifest || $0.isIndex ? $0 : nil }
      ?? (isIndex ? .index : shape.config != nil && shape.layers != nil ? .manifest : told)
    guard let type, !(type.isIndex && isManifest), !(type.isManifest && isIndex) else { return nil }
    return type
  }

  /// `application/json` for `application/json; charset=utf-8`.
  static func withoutParameters(_ contentType: String) -> MediaType {
    let type = contentType.prefix { $0 != ";" }
    return MediaType(rawValue: String(type.filter { !$0.isWhitespace }))
  }
}
