/// What a key of a credential file stands for: a registry, or a part of one.
///
/// Docker writes `host`, `host:port` or, for Docker Hub and in old files, a URL such as
/// `https://index.docker.io/v1/`; Podman writes `host/namespace/repository` too
/// (containers-auth.json(5)).
struct RegistryKey: Hashable, Sendable {
  /// In lower case; the one name `docker.io` for all that Docker Hub is called.
  let registry: String
  /// The namespace or repository; empty for all of the registry.
  let repository: String

  init(registry: String, repository: String = "") {
    self.registry = RegistryKey.canonical(registry)
    self.repository = repository
  }

  init(_ key: String) {
    var rest = key[...]
    var isURL = false
    for scheme in ["https://", "http://"] where rest.lowercased().hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.count)
      isURL = true
      break
    }
    let parts = rest.split(separator: "/")
    let path = parts.dropFirst().joined(separator: "/")
    // The path of a URL is that of the protocol, and no namespace.
    let isProtocol = isURL || path == "v1" || path == "v2"
    self.init(registry: String(parts.first ?? ""), repository: isProtocol ? "" : path)
  }

  static let dockerHub = "docker.io"

  /// How Docker names Docker Hub in files and to helpers; everything else by its host.
  var name: String {
    registry == RegistryKey.dockerHub ? "https://index.docker.io/v1/" : registry
  }

  /// The key itself and those of the namespaces around it, the narrowest first.
  var enclosing: [RegistryKey] {
    var keys = [self]
    var parts = repository.split(separator: "/")
    while !parts.isEmpty {
      parts.removeLast()
      keys.append(RegistryKey(registry: registry, repository: parts.joined(separator: "/")))
    }
    return keys
  }

  private static func canonical(_ registry: String) -> String {
    let lowercased = registry.lowercased()
    return ["index.docker.io", "registry-1.docker.io"].contains(lowercased)
      ? dockerHub : lowercased
  }
}
