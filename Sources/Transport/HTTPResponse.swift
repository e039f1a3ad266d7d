internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
import Synchronization

/// An answer, whose body is still to come. It is of use only inside of the exchange that it came in.
package struct HTTPResponse: Sendable {
  package let status: Int
  package let fields: HTTPFields
  /// Where the answer came from in the end, after redirects.
  package let url: HTTPURL
  private let body: HTTPClientResponse.Body
  private let meter: ProgressMeter
  private let use = Use()

  /// Whether somebody has begun to read the body, which goes only once.
  private final class Use: Sendable {
    let hasBegun = Atomic(false)
  }

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
    try await forEachBuffer { try $0.withUnsafeReadableBytes(take) }
  }

  /// Hands the body on in blocks of about `size` bytes, and waits for each to be taken. What has come of
  /// a body that breaks off is handed on before that is thrown.
  package func forEachBlock(
    ofSize size: Int = 256 << 10, _ take: ([UInt8]) async throws -> Void
  ) async throws {
    var block: [UInt8] = []
    do {
      try await forEachBuffer { buffer in
        if block.isEmpty { block.reserveCapacity(size + buffer.readableBytes) }
        buffer.withUnsafeReadableBytes { block += $0 }
        guard block.count >= size else { return }
        try await meter.pausing { try await take(block) }
        block = []
      }
    } catch let error as TransportError {
      if !block.isEmpty { try await meter.pausing { try await take(block) } }
      throw error
    }
    if !block.isEmpty { try await meter.pausing { try await take(block) } }
  }

  private func forEachBuffer(_ take: (ByteBuffer) async throws -> Void) async throws {
    use.hasBegun.store(true, ordering: .relaxed)
    do {
      for try await piece in body {
        meter.advance(by: piece.readableBytes)
        try await take(piece)
      }
    } catch {
      throw TransportError.describing(error, url)
    }
    // A body that was cancelled may look as if it had ended.
    try Task.checkCancellation()
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

  /// Reads a short body that nobody has read to its end, so that the connection can be used again.
  package func drain() async throws {
    guard !use.hasBegun.load(ordering: .relaxed) else { return }
    _ = try? await collect(limit: 64 << 10)
  }
}
