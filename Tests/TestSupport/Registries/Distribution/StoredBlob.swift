import OCI
import SystemPackage

/// Content that lies in a file.
struct StoredBlob: Hashable, Sendable {
  let digest: Digest
  let size: Int64
  let file: FilePath

  /// All of it, or the one range that was asked for (RFC 9110, 14).
  func response(to request: ServerRequest) -> ServerResponse {
    let headers: HTTPHeaders = [
      "Content-Type": "application/octet-stream", "Docker-Content-Digest": "\(digest)",
      "Accept-Ranges": "bytes", "ETag": "\"\(digest)\"",
    ]
    guard request.method == "GET", let wanted = request.headers["Range"],
      let spec = ByteRange(wanted)
    else { return ServerResponse(200, headers, .file(file, 0..<size)) }
    guard let range = spec.range(in: size) else { return refusal }
    var response = ServerResponse(206, headers, .file(file, range))
    response.headers["Content-Range"] =
      "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
    return response
  }

  /// 416.
  var refusal: ServerResponse {
    RegistryError(
      416, "RANGE_INVALID", "the blob has \(size) bytes", ["Content-Range": "bytes */\(size)"]
    ).response
  }
}
