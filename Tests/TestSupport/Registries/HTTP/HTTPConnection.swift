/// The server's end of a connection, for the thread that serves it.
package final class HTTPConnection {
  let socket: Socket
  private var buffer: ArraySlice<UInt8> = []

  init(_ socket: Socket) {
    self.socket = socket
  }

  /// The next request; nil where the client has left instead.
  func nextRequest() throws -> (request: ServerRequest, keepsAlive: Bool)? {
    if buffer.isEmpty {
      buffer = try socket.read()[...]
      if buffer.isEmpty { return nil }
    }
    let head = try readHead()
    let traffic = HTTPTraffic()
    let body = try RequestBody(of: head, on: self, traffic: traffic)
    return (ServerRequest(head, body: body, traffic: traffic), head.keepsAlive)
  }

  private func readHead() throws -> HTTPHead {
    var line = try readLine()
    // RFC 9112, 2.2: empty lines before a request are to be ignored.
    while line.isEmpty { line = try readLine() }
    // Clients try TLS first where they do not know better, and wait for somebody to object.
    var head = try HTTPHead(requestLine: line)
    var count = line.utf8.count
    while case let field = try readLine(), !field.isEmpty {
      count += field.utf8.count
      guard count <= HTTPHead.mostBytes else { throw HTTPServerError.tooLarge }
      try head.add(field)
    }
    return head
  }

  /// A line without its end.
  func readLine() throws -> String {
    var line: [UInt8] = []
    while true {
      let end = buffer.firstIndex(of: UInt8(ascii: "\n"))
      line += buffer[..<(end ?? buffer.endIndex)]
      guard line.count <= HTTPHead.mostBytes else { throw HTTPServerError.tooLarge }
      if let end {
        buffer = buffer[(end + 1)...]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
      }
      buffer = try socket.read()[...]
      if buffer.isEmpty { throw HTTPServerError.interrupted }
    }
  }

  /// Some bytes; none at the end.
  func read(atMost limit: Int) throws -> [UInt8] {
    guard !buffer.isEmpty else { return try socket.read(atMost: limit) }
    let bytes = Array(buffer.prefix(limit))
    buffer = buffer.dropFirst(limit)
    return bytes
  }

  /// What was received and not read: for whoever goes on with the socket itself.
  func takeBuffer() -> [UInt8] {
    defer { buffer = [] }
    return Array(buffer)
  }

  /// Sends bytes as they are.
  package func write(_ bytes: [UInt8]) throws { try socket.write(bytes) }

  /// Sends text as it is.
  package func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Answers a request.
  func send(_ response: ServerResponse, to request: ServerRequest) throws {
    if case .takeover(let body) = response.body { return try body(self) }
    request.traffic.answer(response.status)
    let length = response.body.length
    try write(response.head(length: length))
    guard request.method != "HEAD", response.hasBody else { return }
    try response.body.produce { bytes in
      // An empty chunk would be the last one.
      guard !bytes.isEmpty else { return }
      request.traffic.send(bytes.count)
      if length == nil { try write("\(String(bytes.count, radix: 16))\r\n") }
      try write(bytes)
      if length == nil { try write("\r\n") }
    }
    if length == nil { try write("0\r\n\r\n") }
  }
}
