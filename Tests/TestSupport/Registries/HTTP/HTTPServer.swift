import Dispatch
import Synchronization
import SystemPackage

/// What a server does with a request. It runs on the connection's own thread and may block; it must
/// not keep the server alive, which ends when nobody holds it.
package typealias ServerHandler = @Sendable (ServerRequest) throws -> ServerResponse

/// A server that speaks HTTP/1.1 on sockets of this machine, a thread a connection.
///
/// It ends, with all its connections and threads, at `stop()` or when the last reference to it goes.
package final class HTTPServer: Sendable {
  /// Where it listens, with the port that the kernel chose.
  package let address: SocketAddress
  private let core: Core

  package init(
    at address: SocketAddress = .loopback(), handler: @escaping ServerHandler
  ) throws {
    let listener = try Socket.listening(at: address)
    self.address = listener.port.map { .loopback(port: $0) } ?? address
    core = Core(listener: listener, handler: handler)
    core.start()
  }

  deinit { stop() }

  /// The port of 127.0.0.1; 0 for a Unix socket.
  package var port: UInt16 {
    if case .loopback(let port) = address { port } else { 0 }
  }

  /// How many connections are open now.
  package var connectionCount: Int { core.connectionCount }

  /// Ends everything and waits until it has ended; so not for a handler to call.
  package func stop() {
    core.stop()
    if case .unix(let path) = address { Files.remove(path) }
  }
}

/// What the threads share, so that none of them keeps the server.
private final class Core: Sendable {
  private struct State {
    var connections: [ObjectIdentifier: Socket] = [:]
    var isStopped = false
  }

  private let listener: Socket
  private let handler: ServerHandler
  private let state = Mutex(State())
  private let threads = DispatchGroup()

  init(listener: Socket, handler: @escaping ServerHandler) {
    self.listener = listener
    self.handler = handler
  }

  var connectionCount: Int { state.withLock { $0.connections.count } }

  func start() {
    run { core in
      while let connection = core.listener.accept() { core.begin(connection) }
    }
  }

  func stop() {
    let connections = state.withLock { state in
      state.isStopped = true
      return Array(state.connections.values)
    }
    listener.shutDown()
    for connection in connections { connection.shutDown() }
    threads.wait()
    listener.close()
  }

  private func run(_ body: @escaping @Sendable (Core) -> Void) {
    threads.enter()
    let hasStarted = ServerThread.start { [self] in
      body(self)
      threads.leave()
    }
    if !hasStarted { threads.leave() }
  }

  private func begin(_ socket: Socket) {
    let isWanted = state.withLock { state in
      guard !state.isStopped else { return false }
      state.connections[ObjectIdentifier(socket)] = socket
      return true
    }
    guard isWanted else { return }
    run { core in
      core.serve(socket)
      _ = core.state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(socket)) }
    }
  }

  private func serve(_ socket: Socket) {
    do {
      try answerRequests(of: HTTPConnection(socket))
      leave(socket)
    } catch ConnectionEnd.reset {
      return socket.reset()
    } catch ConnectionEnd.silence {
      socket.waitForHangUp()
    } catch {
      // The client has gone, or is to believe so.
    }
    socket.close()
  }

  private func answerRequests(of connection: HTTPConnection) throws {
    while true {
      do {
        guard let (request, keepsAlive) = try connection.nextRequest() else { return }
        guard try answer(request, on: connection, keepsAlive: keepsAlive) else { return }
      } catch let error as HTTPServerError {
        var response = ServerResponse.text(400, "\(error)\n")
        response.headers["Connection"] = "close"
        return try connection.write(response.head(length: 0))
      }
    }
  }

  /// Whether another request may follow.
  private func answer(
    _ request: ServerRequest, on connection: HTTPConnection, keepsAlive: Bool
  ) throws -> Bool {
    var response = try respond(to: request)
    if case .takeover(let body) = response.body {
      try body(connection)
      return try request.body.skipsRest() && keepsAlive
    }
    let mayGoOn = try request.body.skipsRest() && keepsAlive
    if !mayGoOn { response.headers["Connection"] = "close" }
    try connection.send(response, to: request)
    return mayGoOn
  }

  private func respond(to request: ServerRequest) throws -> ServerResponse {
    do {
      return try handler(request)
    } catch let error where !(error is ConnectionEnd || error is HTTPServerError || error is Errno)
    {
      return .text(500, "\(error)\n")
    }
  }

  /// Closing at once with bytes unread would be a reset, which can overtake the answer; so the client
  /// gets a moment to leave first.
  private func leave(_ socket: Socket) {
    socket.endWriting()
    socket.discard(untilQuietFor: 500)
  }
}
