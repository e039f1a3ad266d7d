import Registry
import SystemPackage
import TestSupport
import Transport

/// A user's home and a system, with the settings for registries that a test puts there.
struct ConfigurationScratch: Sendable {
  let folder: TemporaryDirectory
  var environment: [String: String]

  init() throws {
    folder = try TemporaryDirectory()
    try folder.directory("home")
    environment = ["HOME": folder("home").string]
  }

  var configuration: RegistryConfiguration {
    get throws { try RegistryConfiguration(environment: environment, systemRoot: folder("system")) }
  }

  @discardableResult
  func write(_ text: String, to relative: String) throws -> FilePath {
    try folder.write(text, to: relative)
  }

  func registries(_ text: String) throws {
    try folder.write(text, to: "system/etc/containers/registries.conf")
  }

  func daemon(_ text: String) throws {
    try folder.write(text, to: "system/etc/docker/daemon.json")
  }

  /// The endpoints of a name such as `r.test/a/b`, a text each.
  func pull(_ name: String, byDigest: Bool = false) throws -> [String] {
    try endpoints(name, pulling: true, byDigest: byDigest).map { show($0, name) }
  }

  func push(_ name: String) throws -> [String] {
    try endpoints(name, pulling: false).map { show($0, name) }
  }

  func endpoints(
    _ name: String, pulling: Bool = true, byDigest: Bool = false
  ) throws -> [RegistryEndpoint] {
    let (registry, repository) = ConfigurationScratch.parts(of: name)
    return try configuration.endpoints(
      for: registry, repository: repository, pulling: pulling, byDigest: byDigest)
  }

  /// The words of the error that reading the settings, or asking for a registry, ends with.
  func complaint(_ name: String = "r.test/a") -> String {
    do {
      return "no error, but \(try pull(name))"
    } catch {
      return "\(error)"
    }
  }

  private static func parts(of name: String) -> (registry: String, repository: String) {
    let parts = name.split(separator: "/", maxSplits: 1)
    return (String(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
  }

  /// The URL that the repository has there, and what is particular about it.
  private func show(_ endpoint: RegistryEndpoint, _ name: String) -> String {
    let repository = endpoint.name(of: ConfigurationScratch.parts(of: name).repository)
    var text = "\(endpoint.scheme)://\(endpoint.authority)\(endpoint.basePath)/v2/\(repository)"
    if endpoint.isMirror { text += " mirror" }
    if !endpoint.security.verifiesCertificates { text += " unverified" }
    if endpoint.isFallback { text += " fallback" }
    return text
  }
}
