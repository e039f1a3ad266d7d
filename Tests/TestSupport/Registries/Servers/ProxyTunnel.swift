import Dispatch
import SystemPackage

/// Bytes that go both ways between a client and a server.
struct ProxyTunnel: Sendable {
  private let origin: Socket

  init(_ origin: Socket) {
    self.origin = origin
  }

  /// Runs until the client leaves. Always throws `ConnectionEnd`.
  func run(_ connection: HTTPConnection) throws {
    let client = connection.socket
    try connection.write("HTTP/1.1 200 Connection established\r\n\r\n")
    let back = DispatchSemaphore(value: 0)
    let hasStarted = ServerThread.start { [origin] in
      try? ProxyTunnel.copy(from: origin, to: client)
      client.endWriting()
      back.signal()
    }
    guard hasStarted else { throw ConnectionEnd.reset }
    try? origin.write(connection.takeBuffer())
    try? ProxyTunnel.copy(from: client, to: origin)
    // The other thread may wait for a server that has nothing more to say.
    origin.shutDown()
    back.wait()
    throw ConnectionEnd.close
  }

  /// Hands on what the server still has to say. Always throws `ConnectionEnd`.
  func giveBack(to connection: HTTPConnection) throws {
    try ProxyTunnel.copy(from: origin, to: connection.socket)
    throw ConnectionEnd.close
  }

  /// Copies until `source` ends.
  static func copy(from source: Socket, to target: Socket) throws {
    while case let bytes = try source.read(), !bytes.isEmpty { try target.write(bytes) }
  }
}
