import SystemPackage

/// Debian's `docker-registry` on a port of its own, with an empty storage that goes with it.
package final class DockerRegistry: Sendable {
  package let port: UInt16
  private let options: Options
  private let folder: TemporaryDirectory
  private let process: ServerProcess

  /// What kind of registry.
  package struct Options: Sendable {
    package var authentication = Authentication.none
    /// Who signs its certificate; nil is plain HTTP.
    package var authority: CertificateAuthority?
    /// Whether clients need a certificate of the same authority.
    package var requiresClientCertificate = false
    /// A registry that this one is a mirror of, as a URL; nothing can be pushed then.
    package var mirrored: String?
    /// Whether an upload's `Location` is a path alone.
    package var hasRelativeLocations = false

    package init(
      authentication: Authentication = .none, authority: CertificateAuthority? = nil,
      requiresClientCertificate: Bool = false, mirrored: String? = nil
    ) {
      self.authentication = authentication
      self.authority = authority
      self.requiresClientCertificate = requiresClientCertificate
      self.mirrored = mirrored
    }
  }

  /// Who may do what.
  package enum Authentication: Sendable {
    case none
    /// A file of `htpasswd` with one user.
    case password(BasicCredentials)
    /// Whatever the token server says.
    case tokens(TokenServer)
  }

  /// Starts one and waits until it answers. Throws `Command.Failure` with its log where it ends.
  package static func start(_ options: Options = Options()) async throws -> DockerRegistry {
    let folder = try TemporaryDirectory()
    let configuration = try await DockerRegistryConfiguration(options, in: folder)
    let file = try folder.write(configuration.text, to: "config.yml")
    let sign = "listening on 127.0.0.1:"
    let process = try await ServerProcess.start(
      "docker-registry", ["serve", file.string], untilItSays: sign)
    let port = process.log.split(separator: sign, maxSplits: 1).last?.prefix { $0.isNumber }
    guard let port = port.flatMap({ UInt16($0) }) else { throw Errno.addressNotAvailable }
    return DockerRegistry(port: port, options: options, folder: folder, process: process)
  }

  private init(
    port: UInt16, options: Options, folder: TemporaryDirectory, process: ServerProcess
  ) {
    self.port = port
    self.options = options
    self.folder = folder
    self.process = process
  }

  /// As it stands before a repository's name: `127.0.0.1:PORT`. Its certificate is for `localhost`
  /// too.
  package var host: String { "127.0.0.1:\(port)" }
  package var url: String { (options.authority == nil ? "http://" : "https://") + host }
  /// What it has said so far.
  package var log: String { process.log }

  /// Ends it and waits until it has ended.
  package func stop() async { await process.stop() }
}

extension Requirement {
  /// Whether Debian's registry can be run.
  package static var dockerRegistry: Bool { tools("docker-registry", "setpriv", "openssl", "perl") }
}
