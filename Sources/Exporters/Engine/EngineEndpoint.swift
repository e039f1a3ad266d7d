package import SystemPackage
package import Transport

/// Where a container engine may listen: an address that somebody gave, or a socket where engines put
/// theirs.
package struct EngineEndpoint: Hashable, Sendable {
  package enum Address: Hashable, Sendable {
    case socket(FilePath)
    /// `host:port` over TCP; with `security` over TLS.
    case network(String, security: TransportSecurity?)
  }

  package let address: Address
  /// The variable that names it; nil for the usual places.
  package let variable: String?

  package init(_ address: Address, variable: String? = nil) {
    self.address = address
    self.variable = variable
  }

  /// Where to look, the likeliest first. A variable that is set is the only place: another engine
  /// would not be the one that was asked for.
  ///
  /// The variables are Docker's (`DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`) and Podman's
  /// (`CONTAINER_HOST`); the places are theirs too, Docker's before Podman's.
  /// Throws ``EngineDestinationError/malformedAddress(_:variable:)``.
  package static func candidates(environment: [String: String]) throws -> [EngineEndpoint] {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    for variable in ["DOCKER_HOST", "CONTAINER_HOST"] {
      guard let text = value(variable) else { continue }
      let security = variable == "DOCKER_HOST" ? EngineEndpoint.security(value) : nil
      return [try EngineEndpoint(parsing: text, variable: variable, security: security)]
    }
    var paths: [FilePath] = ["/var/run/docker.sock"]
    if let folder = value("XDG_RUNTIME_DIR").map({ FilePath($0) }) {
      paths += [folder.appending("docker.sock"), folder.appending("podman/podman.sock")]
    }
    return (paths + ["/run/podman/podman.sock"]).map { EngineEndpoint(.socket($0)) }
  }

  private init(
    parsing text: String, variable: String, security: TransportSecurity?
  ) throws {
    self.variable = variable
    if let path = text.dropping(prefix: "unix://"), path.hasPrefix("/") {
      address = .socket(FilePath(path))
      return
    }
    let places: [(prefix: String, security: TransportSecurity?)] = [
      ("tcp://", security), ("http://", nil), ("https://", security ?? TransportSecurity()),
    ]
    for place in places {
      guard let rest = text.dropping(prefix: place.prefix) else { continue }
      var authority = rest
      while authority.hasSuffix("/") { authority.removeLast() }
      let port = place.security == nil ? 2375 : 2376
      guard !authority.contains("/"), !authority.contains("@"),
        let url = HTTPURL("http://\(authority)")
      else { break }
      let hasPort = authority.hasSuffix(":\(url.port)")
      address = .network(hasPort ? authority : "\(authority):\(port)", security: place.security)
      return
    }
    throw EngineDestinationError.malformedAddress(text, variable: variable)
  }

  /// Docker's rules: TLS where it is asked for or there is a folder of certificates; the server's is
  /// verified only in the former case.
  private static func security(_ value: (String) -> String?) -> TransportSecurity? {
    let verifies = value("DOCKER_TLS_VERIFY") != nil
    let given = value("DOCKER_CERT_PATH").map { FilePath($0) }
    guard verifies || given != nil else { return nil }
    let folder =
      given ?? value("DOCKER_CONFIG").map { FilePath($0) }
      ?? FilePath(value("HOME") ?? "/").appending(".docker")
    var security = TransportSecurity(verifiesCertificates: verifies)
    if verifies { security.certificateAuthorities = [folder.appending("ca.pem")] }
    security.clientCertificate = TransportSecurity.ClientCertificate(
      certificate: folder.appending("cert.pem"), key: folder.appending("key.pem"))
    return security
  }

  /// The URL of a target, such as `/images/load`.
  private func url(_ target: String) throws -> HTTPURL {
    let url =
      switch address {
      case .socket(let path): HTTPURL(unixSocket: path, target: target)
      case .network(let authority, let security):
        HTTPURL("\(security == nil ? "http" : "https")://\(authority)\(target)")
      }
    guard let url else {
      throw EngineDestinationError.malformedAddress(place, variable: variable ?? "DOCKER_HOST")
    }
    return url
  }

  /// A request for a target. HTTP wants a host, which a socket has not.
  func request(_ method: HTTPMethod, _ target: String) throws -> HTTPRequest {
    var request = HTTPRequest(method, try url(target))
    if request.url.isUnixSocket { request.fields["Host"] = "localhost" }
    request.security = security
    return request
  }

  private var security: TransportSecurity {
    if case .network(_, let security?) = address { security } else { TransportSecurity() }
  }

  /// What messages call it.
  package var place: String {
    switch address {
    case .socket(let path): path.string
    case .network(let authority, _): "tcp://" + authority
    }
  }
}

extension String {
  fileprivate func dropping(prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
