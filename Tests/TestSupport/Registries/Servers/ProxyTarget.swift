/// What a client asks a proxy for.
struct ProxyTarget: Hashable, Sendable {
  let host: String
  let port: UInt16
  /// With the query; empty for CONNECT.
  let path: String

  var authority: String { "\(host):\(port)" }

  /// Reads `http://HOST[:PORT]/PATH`, or the `HOST:PORT` of CONNECT; nil for anything else.
  init?(_ request: ServerRequest) {
    let isTunnel = request.method == "CONNECT"
    var rest = request.target[...]
    if !isTunnel {
      guard rest.hasPrefix("http://") else { return nil }
      rest = rest.dropFirst("http://".count)
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = rest.dropFirst(authority.count)
    self.path = isTunnel ? "" : path.hasPrefix("/") ? String(path) : "/" + path
    guard let colon = authority.lastIndex(of: ":") else {
      guard !isTunnel, !authority.isEmpty else { return nil }
      (host, port) = (String(authority), 80)
      return
    }
    guard let port = UInt16(authority[authority.index(after: colon)...]) else { return nil }
    (host, self.port) = (String(authority[..<colon]), port)
  }
}
