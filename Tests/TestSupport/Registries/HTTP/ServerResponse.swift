package import SystemPackage

/// What a server of the tests answers.
package struct ServerResponse: Sendable {
  package var status: Int
  /// Without those about the length, which the body gives, unless `Content-Length` is set: a response
  /// to HEAD has no body to count.
  package var headers: HTTPHeaders
  package var body: Body

  package init(_ status: Int, _ headers: HTTPHeaders = [:], _ body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A response whose body is a text.
  package static func text(
    _ status: Int, _ text: String, type: String = "text/plain; charset=utf-8"
  ) -> ServerResponse {
    ServerResponse(status, ["Content-Type": type], .bytes(Array(text.utf8)))
  }

  /// Where the bytes of a response come from.
  package enum Body: Sendable {
    case bytes([UInt8])
    /// A part of a file.
    case file(FilePath, Range<Int64>)
    /// Whatever is handed over, chunk by chunk, while it comes to be.
    case stream(@Sendable (_ send: ([UInt8]) throws -> Void) throws -> Void)
    /// Nothing is answered: the connection is the closure's. Where it returns, the next request is
    /// read; it throws `ConnectionEnd` else.
    case takeover(@Sendable (HTTPConnection) throws -> Void)
  }

  /// RFC 9112, 6.3: what never has a body, whatever its fields say.
  var hasBody: Bool { status >= 200 && status != 204 && status != 304 }

  /// The status line and the fields, up to and with the empty line; chunks where `length` is nil.
  func head(length: Int64?) -> String {
    var headers = headers
    if !hasBody {
      headers["Content-Length"] = nil
    } else if let length {
      headers["Content-Length"] = headers["Content-Length"] ?? "\(length)"
    } else {
      headers["Transfer-Encoding"] = "chunked"
    }
    return "HTTP/1.1 \(status) \(ServerResponse.reason(of: status))\r\n\(headers)\r\n"
  }

  private static func reason(of status: Int) -> String {
    let reasons = [
      200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
      307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
      404: "Not Found", 405: "Method Not Allowed", 407: "Proxy Authentication Required",
      416: "Range Not Satisfiable", 429: "Too Many Requests", 500: "Internal Server Error",
      502: "Bad Gateway", 503: "Service Unavailable",
    ]
    return reasons[status] ?? "Status"
  }
}

extension ServerResponse.Body {
  /// In bytes; nil where it is not known before.
  var length: Int64? {
    switch self {
    case .bytes(let bytes): Int64(bytes.count)
    case .file(_, let range): range.upperBound - range.lowerBound
    case .stream, .takeover: nil
    }
  }

  /// Hands all of it over in pieces.
  func produce(_ send: ([UInt8]) throws -> Void) throws {
    switch self {
    case .bytes(let bytes): try send(bytes)
    case .file(let path, let range): try ServerResponse.Body.read(path, range, send)
    case .stream(let body): try body(send)
    case .takeover: break
    }
  }

  private static func read(
    _ path: FilePath, _ range: Range<Int64>, _ send: ([UInt8]) throws -> Void
  ) throws {
    let file = try FileDescriptor.open(path, .readOnly)
    try file.closeAfter {
      var offset = range.lowerBound
      while offset < range.upperBound {
        let limit = Int(min(range.upperBound - offset, Int64(Socket.pieceSize)))
        let bytes = try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
          let room = UnsafeMutableRawBufferPointer(buffer)[..<limit]
          count = try file.read(
            fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(rebasing: room))
        }
        guard !bytes.isEmpty else { throw Errno.ioError }
        try send(bytes)
        offset += Int64(bytes.count)
      }
    }
  }
}
