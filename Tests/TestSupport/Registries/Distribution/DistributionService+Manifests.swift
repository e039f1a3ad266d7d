import OCI

extension DistributionService {
  func manifest(
    _ request: ServerRequest, _ name: String, _ reference: String
  ) throws -> ServerResponse {
    switch request.method {
    case "GET", "HEAD": return try read(reference, in: name, for: request)
    case "PUT": return try write(reference, in: name, from: request)
    case "DELETE":
      guard options.allowsDeletion else { throw RegistryError.unsupported }
      guard contents.removeManifest(reference, from: name) else {
        throw RegistryError.manifestUnknown(reference)
      }
      return ServerResponse(202)
    default: throw RegistryError.unsupported
    }
  }

  private func read(
    _ reference: String, in name: String, for request: ServerRequest
  ) throws -> ServerResponse {
    guard let manifest = contents.manifest(reference, in: name),
      accepts(request, manifest.mediaType)
    else { throw RegistryError.manifestUnknown(reference) }
    return ServerResponse(
      200,
      [
        "Content-Type": manifest.mediaType.rawValue, "Docker-Content-Digest": "\(manifest.digest)",
        "ETag": "\"\(manifest.digest)\"",
      ], .bytes(manifest.bytes))
  }

  /// Docker's registry does not give a manifest to a client that does not ask for its type.
  private func accepts(_ request: ServerRequest, _ type: MediaType) -> Bool {
    let wanted: Set = [type.rawValue, "application/*", "*/*"]
    return request.headers.values(of: "Accept").contains { value in
      value.split(separator: ",").contains { range in
        wanted.contains(String(range.prefix { $0 != ";" }.filter { $0 != " " }))
      }
    }
  }

  private func write(
    _ reference: String, in name: String, from request: ServerRequest
  ) throws -> ServerResponse {
    let bytes: [UInt8]
    do {
      bytes = try request.body.readAll(atMost: 4 << 20)
    } catch HTTPServerError.tooLarge {
      throw RegistryError(413, "SIZE_INVALID", "the manifest is larger than 4 MiB")
    }
    guard let type = request.headers["Content-Type"] else {
      throw RegistryError.manifestInvalid("`Content-Type` is missing")
    }
    let manifest = try StoredManifest(bytes, as: MediaType(rawValue: type))
    let isDigest = reference.contains(":")
    if isDigest, try digest(reference) != manifest.digest {
      throw RegistryError.digestInvalid("the manifest is \(manifest.digest), not \(reference)")
    }
    try contents.add(manifest, to: name, tag: isDigest ? nil : reference)
    var headers: HTTPHeaders = [
      "Location": "/v2/\(name)/manifests/\(manifest.digest)",
      "Docker-Content-Digest": "\(manifest.digest)",
    ]
    if options.offersReferrers {
      headers["OCI-Subject"] = manifest.view.subject?.digest.description
    }
    return ServerResponse(201, headers)
  }
}
