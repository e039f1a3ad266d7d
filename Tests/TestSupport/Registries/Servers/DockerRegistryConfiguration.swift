import SystemPackage

/// The configuration file of Debian's registry (distribution, docs/configuration.md), with the files
/// that it names.
struct DockerRegistryConfiguration {
  let text: String

  init(_ options: DockerRegistry.Options, in folder: TemporaryDirectory) async throws {
    var lines = [
      "version: 0.1", "log:", "  level: info", "  accesslog:", "    disabled: true",
      "storage:", "  filesystem:", "    rootdirectory: \(folder("storage"))",
      "  delete:", "    enabled: true",
      // The port that the kernel chooses is in the log: nobody can take it in between.
      "http:", "  addr: 127.0.0.1:0", "  secret: slipway",
      "  relativeurls: \(options.hasRelativeLocations)",
    ]
    if let authority = options.authority {
      lines += try await DockerRegistryConfiguration.security(options, authority)
    }
    lines += try await DockerRegistryConfiguration.authentication(options, folder)
    if let mirrored = options.mirrored { lines += ["proxy:", "  remoteurl: \(mirrored)"] }
    text = lines.map { $0 + "\n" }.joined()
  }

  private static func security(
    _ options: DockerRegistry.Options, _ authority: CertificateAuthority
  ) async throws -> [String] {
    let server = try await authority.server()
    let lines = [
      "  tls:", "    certificate: \(server.certificate)", "    key: \(server.key)",
    ]
    guard options.requiresClientCertificate else { return lines }
    return lines + ["    clientcas:", "      - \(authority.certificate)"]
  }

  private static func authentication(
    _ options: DockerRegistry.Options, _ folder: TemporaryDirectory
  ) async throws -> [String] {
    switch options.authentication {
    case .none: return []
    case .password(let credentials):
      let file = try folder.write(
        "\(credentials.user):\(try await bcrypt(credentials.password))\n", to: "htpasswd")
      return ["auth:", "  htpasswd:", "    realm: registry.test", "    path: \(file)"]
    case .tokens(let server):
      return [
        "auth:", "  token:", "    realm: \(server.realm)", "    service: \(TokenServer.service)",
        "    issuer: \(TokenServer.issuer)", "    rootcertbundle: \(server.certificate)",
      ]
    }
  }

  /// The only form of password that the registry takes. Perl, which every Debian has, calls crypt(3);
  /// its cost of 4 is the least there is.
  private static func bcrypt(_ password: String) async throws -> String {
    let script = "print crypt($ARGV[0], '$2y$04$' . $ARGV[1])"
    let salt = String((0..<22).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
    let hash = try await Command("perl", ["-e", script, password, salt]).check().text
    return hash
  }
}
