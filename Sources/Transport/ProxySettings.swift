internal import AsyncHTTPClient

/// The proxies that the environment names: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in
/// either case, with the meaning that Go's programs give them (golang.org/x/net/http/httpproxy).
struct ProxySettings: Sendable {
  private let plain: Setting?
  private let secure: Setting?
  private let exceptions: [Exception]

  /// What a variable says; no proxy where that is not understood.
  private struct Setting: Sendable {
    let variable: String
    let proxy: Proxy?
  }

  /// A proxy server.
  struct Proxy: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case http, socks }

    var kind: Kind
    var host: String
    var port: Int
    var user: String?
    var password: String?
  }

  init(environment: [String: String]) {
    func value(_ name: String) -> (variable: String, value: String)? {
      [name, name.lowercased()].lazy
        .compactMap { name in environment[name].map { (name, $0) } }
        .first { !$0.1.isEmpty }
    }
    func setting(_ name: String) -> Setting? {
      (value(name) ?? value("ALL_PROXY")).map {
        Setting(variable: $0.variable, proxy: Proxy($0.value))
      }
    }
    plain = setting("HTTP_PROXY")
    secure = setting("HTTPS_PROXY")
    exceptions = (value("NO_PROXY")?.value ?? "").split { $0 == "," || $0.isWhitespace }
      .compactMap { Exception(String($0)) }
  }

  /// The proxy on the way to a URL; nil goes there directly, as always to this machine itself.
  ///
  /// Throws ``TransportError`` where what the environment says cannot be used: to go there without
  /// would be what somebody did not want.
  func proxy(for url: HTTPURL) throws -> Proxy? {
    guard !url.isUnixSocket, let setting = url.isSecure ? secure : plain else { return nil }
    let host = url.host.trimmingBrackets
    if host == "localhost" || IPAddress(host)?.isLoopback == true { return nil }
    if exceptions.contains(where: { $0.covers(host: host, port: url.port) }) { return nil }
    guard let proxy = setting.proxy else {
      throw TransportError(.unusableProxy(variable: setting.variable), url)
    }
    return proxy
  }

  /// An entry of `NO_PROXY`.
  private enum Exception: Sendable {
    case all
    case network(IPAddress, prefix: Int, port: Int?)
    /// The name, and whether only what lies below it is meant.
    case domain(String, subdomainsOnly: Bool, port: Int?)

    /// Nil for what never applies.
    init?(_ text: String) {
      var name = text.lowercased()
      if name == "*" {
        self = .all
        return
      }
      if let slash = name.firstIndex(of: "/"), let address = IPAddress(String(name[..<slash])),
        let prefix = Int(name[name.index(after: slash)...]),
        (0...address.bytes.count * 8).contains(prefix)
      {
        self = .network(address, prefix: prefix, port: nil)
        return
      }
      var port: Int?
      if IPAddress(name) == nil, let colon = name.lastIndex(of: ":"), !name[colon...].contains("]")
      {
        guard let number = Int(name[name.index(after: colon)...]) else { return nil }
        port = number
        name = String(name[..<colon])
      }
      name = name.trimmingBrackets
      if let address = IPAddress(name) {
        self = .network(address, prefix: address.bytes.count * 8, port: port)
        return
      }
      if name.hasPrefix("*.") { name.removeFirst() }
      let subdomainsOnly = name.hasPrefix(".")
      if subdomainsOnly { name.removeFirst() }
      guard !name.isEmpty else { return nil }
      self = .domain(name, subdomainsOnly: subdomainsOnly, port: port)
    }

    func covers(host: String, port: Int) -> Bool {
      switch self {
      case .all: return true
      case .network(let network, let prefix, let wanted):
        guard wanted == nil || wanted == port else { return false }
        return IPAddress(host)?.isWithin(network, prefix: prefix) ?? false
      case .domain(let name, let subdomainsOnly, let wanted):
        guard wanted == nil || wanted == port else { return false }
        return host.hasSuffix("." + name) || (!subdomainsOnly && host == name)
      }
    }
  }
}

extension ProxySettings.Proxy {
  /// Reads `[http://|socks5://][user:password@]host[:port]`; nil for what is no such thing.
  init?(_ text: String) {
    var rest = text[...]
    kind = .http
    var defaultPort = 80
    if let scheme = rest.range(of: "://") {
      switch rest[..<scheme.lowerBound].lowercased() {
      case "http": break
      case "socks5", "socks5h":
        kind = .socks
        defaultPort = 1080
      default: return nil
      }
      rest = rest[scheme.upperBound...]
    }
    if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      user = parts.first.map { String($0).removingPercentEscapes }
      password = parts.count == 2 ? String(parts[1]).removingPercentEscapes : ""
      rest = rest[rest.index(after: at)...]
    }
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
      guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else {
        return nil
      }
      port = number
      rest = rest[..<colon]
    } else {
      port = defaultPort
    }
    host = String(rest).trimmingBrackets
    guard !host.isEmpty else { return nil }
  }

  var configuration: HTTPClient.Configuration.Proxy {
    switch kind {
    case .socks: return .socksServer(host: host, port: port)
    case .http:
      let authorization = user.map {
        HTTPClient.Authorization.basic(username: $0, password: password ?? "")
      }
      return .server(host: host, port: port, authorization: authorization)
    }
  }
}

extension String {
  /// `::1` for `[::1]`.
  var trimmingBrackets: String {
    hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
  }

  fileprivate var removingPercentEscapes: String {
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Substring {
  /// The first place of a text.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
