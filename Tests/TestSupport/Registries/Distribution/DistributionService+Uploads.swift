import OCI

extension DistributionService {
  /// POST: a mount, a whole blob, or the beginning of an upload.
  func beginUpload(_ request: ServerRequest, _ name: String) throws -> ServerResponse {
    guard request.method == "POST" else { throw RegistryError.unsupported }
    if let mounted = request.query["mount"], let source = request.query["from"],
      let blob = contents.blob(try digest(mounted), in: source)
    {
      contents.add(blob, to: name)
      return created(blob.digest, name)
    }
    let session = try contents.beginUpload(to: name)
    if let whole = request.query["digest"], options.acceptsMonolithicPost {
      return try finish(session, request, as: try digest(whole))
    }
    return accepted(session, request, 202)
  }

  /// PATCH, PUT, GET and DELETE of an upload.
  func upload(
    _ request: ServerRequest, _ name: String, _ identifier: String, _ faults: [RegistryFault]
  ) throws -> ServerResponse {
    if faults.contains(.forgetsUpload) { contents.forgetUpload(identifier) }
    guard let session = contents.upload(identifier, to: name),
      request.query["_state"] == session.state, request.query["plus"] == "+"
    else { throw RegistryError.uploadUnknown }
    switch request.method {
    case "PATCH":
      if faults.contains(.refusesRange) { return refused(session, request) }
      return try append(session, request)
    case "PUT":
      guard let text = request.query["digest"] else {
        throw RegistryError.digestInvalid("`digest` is missing")
      }
      return try finish(session, request, as: try digest(text))
    case "GET": return accepted(session, request, 204)
    case "DELETE":
      contents.forgetUpload(identifier)
      return ServerResponse(204)
    default: throw RegistryError.unsupported
    }
  }

  private func append(_ session: UploadSession, _ request: ServerRequest) throws -> ServerResponse {
    if let text = request.headers["Content-Range"] {
      guard let range = try placed(text, session, request) else {
        return refused(session, request)
      }
      session.noteChunk(range.upperBound - range.lowerBound)
    }
    try session.append(request.body)
    return accepted(session, request, 202)
  }

  /// Where a chunk belongs; nil where that is not the end of what there is.
  private func placed(
    _ text: String, _ session: UploadSession, _ request: ServerRequest
  ) throws -> Range<Int64>? {
    let sides = text.split(separator: "-").compactMap { Int64($0) }
    guard sides.count == 2, sides[0] <= sides[1] else {
      throw RegistryError(400, "SIZE_INVALID", "malformed Content-Range: \(text)")
    }
    let range = sides[0]..<(sides[1] + 1)
    guard range.lowerBound == session.size else { return nil }
    if let length = request.body.length, length != range.upperBound - range.lowerBound {
      throw RegistryError(
        400, "SIZE_INVALID", "Content-Range: \(text) does not fit Content-Length: \(length)")
    }
    // Only the last chunk may be smaller, and this one came after it.
    if let minimum = options.minimumChunk, let last = session.lastChunk, last < minimum {
      throw RegistryError(
        400, "SIZE_INVALID", "a chunk of \(last) bytes, and OCI-Chunk-Min-Length is \(minimum)")
    }
    return range
  }

  private func finish(
    _ session: UploadSession, _ request: ServerRequest, as digest: Digest
  ) throws -> ServerResponse {
    if let text = request.headers["Content-Range"], request.body.length != 0,
      try placed(text, session, request) == nil
    {
      return refused(session, request)
    }
    try session.append(request.body)
    try contents.finish(session, as: digest)
    return created(digest, session.repository)
  }

  private func created(_ digest: Digest, _ name: String) -> ServerResponse {
    ServerResponse(
      201, ["Location": "/v2/\(name)/blobs/\(digest)", "Docker-Content-Digest": "\(digest)"])
  }

  private func accepted(
    _ session: UploadSession, _ request: ServerRequest, _ status: Int
  ) -> ServerResponse {
    var headers: HTTPHeaders = [
      "Location": location(of: session, request), "Range": session.range,
      "Docker-Upload-UUID": session.identifier,
    ]
    headers["OCI-Chunk-Min-Length"] = options.minimumChunk.map { "\($0)" }
    return ServerResponse(status, headers)
  }

  /// 416, with all that a client needs to go on.
  private func refused(_ session: UploadSession, _ request: ServerRequest) -> ServerResponse {
    RegistryError(
      416, "BLOB_UPLOAD_INVALID", "the upload has \(session.size) bytes",
      accepted(session, request, 416).headers
    ).response
  }

  private func location(of session: UploadSession, _ request: ServerRequest) -> String {
    let folder = "/v2/\(session.repository)/blobs/uploads"
    // A client that decodes and forgets to encode again sends a space.
    let path = "\(folder)/\(session.identifier)?_state=\(session.state)&plus=%2B"
    switch options.uploadLocation {
    case .relative: return path
    case .absolute: return "http://\(request.headers["Host"] ?? "127.0.0.1")\(path)"
    case .otherHost(let storage): return "http://\(storage.host)\(path)"
    }
  }
}
