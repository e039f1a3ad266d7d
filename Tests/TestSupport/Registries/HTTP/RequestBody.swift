/// The body of a request, read once, piece by piece, on the thread of its connection.
package final class RequestBody {
  enum Framing: Equatable {
    case length(Int64)
    case chunked
  }

  private let connection: HTTPConnection
  private let framing: Framing
  private let traffic: HTTPTraffic
  /// Of the whole body, or of the chunk that is being read.
  private var remaining: Int64
  private var isAtEnd: Bool
  /// Whether the client waits for `100 Continue` before it sends anything (RFC 9110, 10.1.1).
  private var isAwaited: Bool
  private var cut: (after: Int64, end: ConnectionEnd)?

  init(of head: HTTPHead, on connection: HTTPConnection, traffic: HTTPTraffic) throws {
    self.connection = connection
    self.traffic = traffic
    framing = try RequestBody.framing(of: head)
    if case .length(let length) = framing { remaining = length } else { remaining = 0 }
    isAtEnd = framing == .length(0)
    isAwaited = !isAtEnd && head.headers["Expect"]?.lowercased() == "100-continue"
  }

  private static func framing(of head: HTTPHead) throws -> Framing {
    if let encoding = head.headers["Transfer-Encoding"] {
      guard encoding.lowercased() == "chunked" else {
        throw HTTPServerError.malformed("`Transfer-Encoding: \(encoding)`")
      }
      return .chunked
    }
    guard let text = head.headers["Content-Length"] else { return .length(0) }
    guard let length = Int64(text), length >= 0 else {
      throw HTTPServerError.malformed("`Content-Length: \(text)`")
    }
    return .length(length)
  }

  /// How long the client says that it is; nil where it comes in chunks.
  package var length: Int64? {
    if case .length(let length) = framing { length } else { nil }
  }

  /// The next bytes; none at the end. Throws where the client leaves before.
  package func read() throws -> [UInt8] {
    if let cut, traffic.received >= cut.after { throw cut.end }
    guard try !reachesEnd() else { return [] }
    var limit = min(remaining, Int64(Socket.pieceSize))
    if let cut { limit = min(limit, cut.after - traffic.received) }
    let bytes = try connection.read(atMost: Int(limit))
    guard !bytes.isEmpty else { throw HTTPServerError.interrupted }
    traffic.receive(bytes.count)
    remaining -= Int64(bytes.count)
    return bytes
  }

  /// All of it. Throws where it is longer than `limit`.
  package func readAll(atMost limit: Int = 16 << 20) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while case let piece = try read(), !piece.isEmpty {
      bytes += piece
      guard bytes.count <= limit else { throw HTTPServerError.tooLarge }
    }
    return bytes
  }

  /// Ends the connection so, once `count` bytes were read.
  func cut(after count: Int64, with end: ConnectionEnd) {
    cut = (count, end)
  }

  /// Reads what the handler left, so that the next request can follow. False where that is much, or
  /// the client waits to be asked for it: such a connection has to end.
  func skipsRest() throws -> Bool {
    if isAwaited { return false }
    var skipped = 0
    while case let piece = try read(), !piece.isEmpty {
      skipped += piece.count
      if skipped > 256 << 10 { return false }
    }
    return true
  }

  /// Goes on to the next chunk where one is read to its end.
  private func reachesEnd() throws -> Bool {
    if isAwaited {
      isAwaited = false
      try connection.write("HTTP/1.1 100 Continue\r\n\r\n")
    }
    guard !isAtEnd, remaining == 0 else { return isAtEnd }
    if case .length = framing {
      isAtEnd = true
    } else {
      try beginChunk()
    }
    return isAtEnd
  }

  /// RFC 9112, 7.1: size in hexadecimal, extensions after a semicolon; 0 is the last, then trailers.
  private func beginChunk() throws {
    // The line that ends the chunk before.
    if traffic.received > 0 { _ = try connection.readLine() }
    let line = try connection.readLine()
    guard let size = Int64(line.prefix { $0 != ";" && $0 != " " }, radix: 16), size >= 0 else {
      throw HTTPServerError.malformed("chunk size `\(line)`")
    }
    remaining = size
    if size == 0 {
      isAtEnd = true
      while try !connection.readLine().isEmpty {}
    }
  }
}
