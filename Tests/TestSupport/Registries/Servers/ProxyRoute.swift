/// Which port of this machine a name stands for.
struct ProxyRoute: Sendable {
  let hosts: [String: UInt16]

  /// Nil for what is elsewhere.
  func port(for target: ProxyTarget) -> UInt16? {
    if let port = hosts[target.host] { return port }
    return ["127.0.0.1", "localhost"].contains(target.host) ? target.port : nil
  }
}
