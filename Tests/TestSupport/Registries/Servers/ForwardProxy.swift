import SystemPackage

/// An HTTP proxy (RFC 9110, 7.6 and 9.3.6) that reaches servers of this machine alone: by URL and by
/// CONNECT.
package final class ForwardProxy: Sendable {
  /// What it is at fault with, and what it was asked.
  package let server: ScriptedServer
  private let credentials: BasicCredentials?

  /// Names of `hosts` lead to a port of this machine, whatever port they are asked for at; so a test
  /// can have a registry that only the proxy finds. `credentials` are what it wants of its clients.
  package init(hosts: [String: UInt16] = [:], credentials: BasicCredentials? = nil) throws {
    self.credentials = credentials
    let route = ProxyRoute(hosts: hosts)
    server = try ScriptedServer { request in
      try ForwardProxy.answer(request, by: route, for: credentials)
    }
  }

  /// What goes into `HTTP_PROXY`, with the credentials.
  package var url: String {
    let user = credentials.map { "\($0.user):\($0.password)@" } ?? ""
    return "http://\(user)127.0.0.1:\(server.port)"
  }

  /// What was asked for, in the order of arrival: URLs, and `HOST:PORT` by CONNECT.
  package var targets: [String] { server.requests.map(\.target) }
  /// The same, with all that came with it.
  package var requests: [LoggedRequest] { server.requests }

  /// Ends everything and waits until it has ended.
  package func stop() { server.stop() }

  private static func answer(
    _ request: ServerRequest, by route: ProxyRoute, for credentials: BasicCredentials?
  ) throws -> ServerResponse {
    if let credentials,
      BasicCredentials(header: request.headers["Proxy-Authorization"]) != credentials
    {
      return ServerResponse(407, ["Proxy-Authenticate": "Basic realm=\"proxy.test\""])
    }
    guard let target = ProxyTarget(request) else {
      return .text(400, "`\(request.target)` is not for a proxy\n")
    }
    guard let port = route.port(for: target),
      let origin = try? Socket.connected(to: .loopback(port: port))
    else { return .text(502, "`\(target.authority)` cannot be reached\n") }
    if request.method == "CONNECT" {
      request.traffic.answer(200)
      return ServerResponse(200, [:], .takeover { try ProxyTunnel(origin).run($0) })
    }
    try forward(request, to: target, origin)
    return ServerResponse(200, [:], .takeover { try ProxyTunnel(origin).giveBack(to: $0) })
  }

  /// The origin is asked to close, so that its answer need not be understood.
  private static func forward(
    _ request: ServerRequest, to target: ProxyTarget, _ origin: Socket
  ) throws {
    var headers = request.headers
    for name in ["Proxy-Authorization", "Proxy-Connection", "Connection", "Expect"] {
      headers[name] = nil
    }
    headers["Connection"] = "close"
    let head = "\(request.method) \(target.path) HTTP/1.1\r\n\(headers)\r\n"
    try origin.write(Array(head.utf8))
    while case let bytes = try request.body.read(), !bytes.isEmpty {
      let isChunked = request.body.length == nil
      if isChunked { try origin.write(Array("\(String(bytes.count, radix: 16))\r\n".utf8)) }
      try origin.write(bytes)
      if isChunked { try origin.write(Array("\r\n".utf8)) }
    }
    if request.body.length == nil { try origin.write(Array("0\r\n\r\n".utf8)) }
  }
}
