import OCI
package import SystemPackage
import Transport

/// Where registries are, and how they are spoken to: the settings of Docker and Podman on this
/// machine, put together.
///
/// They come from
/// - `certs.d` folders: the user's in `~/.config/docker`, `~/.docker` and `~/.config/containers`, the
///   system's in `/etc/docker` and `/etc/containers`; all of them count;
/// - Podman's `registries.conf`: the file that `CONTAINERS_REGISTRIES_CONF` names, else
///   `~/.config/containers/registries.conf`, else `/etc/containers/registries.conf`, and then the
///   `registries.conf.d/*.conf` of the system and of the user (the system's not where the user has
///   a `registries.conf`);
/// - Docker's `daemon.json`: `/etc/docker/daemon.json` and `~/.config/docker/daemon.json`.
///
/// `XDG_CONFIG_HOME` takes the place of `~/.config`, `DOCKER_CONFIG` that of `~/.docker`.
package struct RegistryConfiguration: Sendable {
  private var registries = ContainersRegistries()
  private var daemon = DaemonConfiguration()
  private let certificates: CertificateFolders

  /// Reads the files. Throws `RegistryConfigurationError` where one is malformed, and
  /// `SystemCallError` where one cannot be read; only those in `/etc/docker` may be closed to users.
  ///
  /// - Parameters:
  ///   - environment: says where the user's settings are.
  ///   - systemRoot: stands in for `/` where a file is not the user's.
  package init(environment: [String: String], systemRoot: FilePath = "/") throws {
    let folders = UserFolders(environment: environment)
    certificates = CertificateFolders(folders: folders, systemRoot: systemRoot)
    try readDaemonFiles(folders, systemRoot)
    try readRegistriesFiles(folders, systemRoot)
  }

  /// Where the requests for a repository go, in the order in which they are to be tried: the mirrors,
  /// and last the registry itself. Never empty.
  ///
  /// Throws `RegistryConfigurationError` for what is blocked, and for certificates without keys.
  ///
  /// - Parameters:
  ///   - registry: as a reference names it, such as `docker.io`.
  ///   - repository: empty for what concerns the registry alone, such as a login.
  ///   - pulling: false for what changes the registry, which no mirror is asked for.
  ///   - byDigest: whether what is pulled is named by its digest; some mirrors are for such pulls
  ///     alone, or for the others.
  package func endpoints(
    for registry: String, repository: String, pulling: Bool, byDigest: Bool = false
  ) throws -> [RegistryEndpoint] {
    guard HostAddress(authority: registry) != nil else {
      throw RegistryConfigurationError.malformedRegistry(registry)
    }
    let registry = RegistryLocation.canonical(registry)
    let entry = registries.entry(for: registry, repository: repository)
    if let entry, entry.isBlocked {
      let name = repository.isEmpty ? registry : "\(registry)/\(repository)"
      throw RegistryConfigurationError.blocked(name, entry.file, line: entry.line)
    }
    // Podman rewrites names only where it reads, and so nobody pushes to where he did not say.
    guard pulling else { return try self.endpoints(at: registry, isInsecure: entry?.isInsecure) }
    var endpoints: [RegistryEndpoint] = []
    for mirror in entry?.mirrors ?? [] where mirror.serves(byDigest: byDigest) {
      endpoints += try self.endpoints(at: mirror.location.authority, isInsecure: mirror.isInsecure)
        .map { $0.standing(for: entry?.prefix, at: mirror.location).asMirror }
    }
    if registry == RegistryKey.dockerHub { endpoints += try dockerMirrors() }
    let own = try self.endpoints(
      at: entry?.location?.authority ?? registry, isInsecure: entry?.isInsecure)
    return endpoints
      + own.map { endpoint in
        entry?.location.map { endpoint.standing(for: entry?.prefix, at: $0) } ?? endpoint
      }
  }

  /// The one way to speak to a host, or the two ways where it is insecure.
  ///
  /// - Parameter isInsecure: nil where nothing is said about this host alone.
  private func endpoints(
    at authority: String, isInsecure: Bool?
  ) throws -> [RegistryEndpoint] {
    let isHub = authority == RegistryKey.dockerHub
    let host = isHub ? "registry-1.docker.io" : authority
    let security = try certificates.security(for: isHub ? [authority, host] : [authority])
    if isInsecure == true || daemon.isInsecure(authority) {
      var unverified = security ?? TransportSecurity()
      unverified.verifiesCertificates = false
      var plain = RegistryEndpoint(.http, host)
      plain.isFallback = true
      return [RegistryEndpoint(.https, host, security: unverified), plain]
    }
    // What does not leave this machine needs no TLS, unless somebody made certificates for it.
    let isLoopback = HostAddress(authority: authority)?.isLoopback == true
    if isLoopback, security == nil, isInsecure == nil { return [RegistryEndpoint(.http, host)] }
    return [RegistryEndpoint(.https, host, security: security ?? TransportSecurity())]
  }

  /// The mirrors of Docker Hub in `daemon.json`.
  private func dockerMirrors() throws -> [RegistryEndpoint] {
    try daemon.mirrors.flatMap { mirror in
      let endpoints =
        switch mirror.scheme {
        case .http: [RegistryEndpoint(.http, mirror.authority)]
        // Said to be TLS, and so also on loopback.
        case .https:
          try self.endpoints(
            at: mirror.authority, isInsecure: daemon.isInsecure(mirror.authority))
        }
      return endpoints.map { endpoint in
        var endpoint = endpoint.asMirror
        endpoint.basePath = mirror.basePath
        return endpoint
      }
    }
  }

  // MARK: - Files

  private mutating func readDaemonFiles(_ folders: UserFolders, _ systemRoot: FilePath) throws {
    if let user = folders.configuration?.appending("docker/daemon.json") {
      try daemon.add(user, mayBeClosed: false)
    }
    try daemon.add(systemRoot.appending("etc/docker/daemon.json"), mayBeClosed: true)
  }

  private mutating func readRegistriesFiles(
    _ folders: UserFolders, _ systemRoot: FilePath
  ) throws {
    let system = systemRoot.appending("etc/containers")
    let user = folders.configuration?.appending("containers")
    var dropIns = [system, user].compactMap { $0 }
    let variable = "CONTAINERS_REGISTRIES_CONF"
    if let path = folders.path(variable) {
      guard try addRegistries(path) else {
        throw RegistryConfigurationError.missing(path, variable: variable)
      }
    } else if let user, try addRegistries(user.appending("registries.conf")) {
      dropIns = [user]
    } else {
      _ = try addRegistries(system.appending("registries.conf"))
    }
    for folder in dropIns.map({ $0.appending("registries.conf.d") }) {
      for name in try DirectoryNames.sorted(in: folder) ?? [] where name.hasSuffix(".conf") {
        _ = try addRegistries(folder.appending(name))
      }
    }
  }

  /// Whether there is such a file.
  private mutating func addRegistries(_ path: FilePath) throws -> Bool {
    guard let bytes = try SettingsFile.read(path) else { return false }
    try registries.add(bytes, from: path)
    return true
  }
}

extension RegistryEndpoint {
  fileprivate var asMirror: RegistryEndpoint {
    var endpoint = self
    endpoint.isMirror = true
    return endpoint
  }

  /// The endpoint for what a prefix stands for, at a location.
  fileprivate func standing(
    for prefix: NamePattern?, at location: RegistryLocation
  ) -> RegistryEndpoint {
    var endpoint = self
    endpoint.namespace = prefix?.path ?? ""
    endpoint.location = location.path
    return endpoint
  }
}
