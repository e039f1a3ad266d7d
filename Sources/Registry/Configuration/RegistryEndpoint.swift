package import Transport

/// A place that serves a registry, or a part of one.
///
/// The protocol's paths begin below `basePath`: `scheme://authority` `basePath` `/v2/` and what
/// `name(of:)` says.
package struct RegistryEndpoint: Hashable, Sendable {
  package var scheme: Scheme
  /// The host to connect to, with its port where it is not the scheme's own, such as
  /// `registry-1.docker.io`.
  package var authority: String
  /// What comes before `/v2/`: empty, or a path that begins with a slash (a Docker mirror's URL).
  package var basePath: String
  /// The namespace or repository of the registry that this is the place for; empty for all of it.
  package var namespace: String
  /// What takes the place of the namespace in the names of repositories there; may be empty.
  package var location: String
  /// Whether it may lack what the registry has.
  package var isMirror: Bool
  /// To be tried only where the endpoint before it could not be connected, or does not speak TLS.
  ///
  /// Such pairs stand for what Docker and Podman call an insecure registry.
  package var isFallback: Bool
  /// What TLS trusts and shows; without meaning for `http`.
  package var security: TransportSecurity

  /// The scheme of a URL.
  package enum Scheme: String, Hashable, Sendable {
    case http, https
  }

  package init(
    _ scheme: Scheme, _ authority: String, basePath: String = "", isMirror: Bool = false,
    security: TransportSecurity = TransportSecurity()
  ) {
    self.scheme = scheme
    self.authority = authority
    self.basePath = basePath
    self.isMirror = isMirror
    self.security = security
    namespace = ""
    location = ""
    isFallback = false
  }

  /// What a repository of the registry, such as `library/alpine`, is called here.
  package func name(of repository: String) -> String {
    var rest = repository[...]
    if !namespace.isEmpty {
      guard rest == namespace || rest.hasPrefix(namespace + "/") else { return repository }
      rest = rest.dropFirst(namespace.count)
      if rest.hasPrefix("/") { rest.removeFirst() }
    }
    return [location, String(rest)].filter { !$0.isEmpty }.joined(separator: "/")
  }
}
