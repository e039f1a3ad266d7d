internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// An answer, whose body is still to come. It is of use only inside of the exchange that it came in.
package struct HTTPResponse: Sendable {
  package let status: Int
  package let fields: HTTPFields
  /// Where the answer came from in the end, after redirects.
  package let url: HTTPURL
  private let body: HTTPClientResponse.Body
  private let meter: ProgressMeter

  init(_ response: HTTPClientResponse, from url: HTTPURL, meter: ProgressMeter) {
    status = Int(response.status.code)
    var fields = HTTPFields()
    for (name, value) in response.headers { fields.add(name, value) }
    self.fields = fields
    self.url = url
    body = response.body
    self.meter = meter
  }

  /// Whether the request was carried out: 200 to 299.
  package var isSuccess: Bool { (200..<300).contains(status) }

  /// What `Content-Length` promises, in bytes; nil where it promises nothing that can be true.
  package var contentLength: Int64? {
    fields["Content-Length"].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// Hands the body on, piece by piece, as it arrives; the pieces are valid only during the call.
  package func forEachPiece(_ take: (UnsafeRawBufferPointer) throws -> Void) async throws {
    do {
      for try await piece in body {
        meter.advance(by: piece.readableBytes)
        try piece.withUnsafeReadableBytes(take)
      }
    } catch {
      throw TransportError.describing(error, url)
    }
  }

  /// Hands the body on in blocks of about `size` bytes, and waits for each to be taken.
  package func forEachBlock(
    ofSize size: Int = 256 << 10, _ take: ([UInt8]) async throws -> Void
  ) async throws {
    var block: [UInt8] = []
    do {
      for try await piece in body {
        meter.advance(by: piece.readableBytes)
        piece.withUnsafeReadableBytes { block += $0 }
        guard block.count >= size else { continue }
        try await take(block)
        block = []
      }
    } catch {
      throw TransportError.describing(error, url)
    }
    if !block.isEmpty { try await take(block) }
  }

  /// The whole body. Throws ``TransportError`` beyond `limit` bytes.
  package func collect(limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    if let length = contentLength, length <= limit { bytes.reserveCapacity(Int(length)) }
    try await forEachPiece { piece in
      guard bytes.count + piece.count <= limit else {
        throw TransportError(.tooLarge(limit: limit), url)
      }
      bytes += piece
    }
    return bytes
  }

  /// Reads a short body to its end, so that the connection can be used again.
  package func drain() async throws {
    _ = try? await collect(limit: 64 << 10)
  }
}
