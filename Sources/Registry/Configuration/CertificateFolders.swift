import Glibc
import OCI
import SystemPackage
import Transport

/// The `certs.d` folders of Docker and Podman (containers-certs.d(5)): one folder a registry, with
/// `*.crt` for certificate authorities, and pairs of `*.cert` and `*.key` for client certificates.
struct CertificateFolders: Hashable, Sendable {
  /// The user's before the system's.
  private let roots: [Root]

  private struct Root: Hashable, Sendable {
    let path: FilePath
    /// The daemon's own, which it may keep from users.
    let isOfDaemon: Bool
  }

  init(folders: UserFolders, systemRoot: FilePath) {
    let users = [
      folders.configuration?.appending("docker/certs.d"), folders.docker?.appending("certs.d"),
      folders.configuration?.appending("containers/certs.d"),
    ]
    roots =
      users.compactMap { $0.map { Root(path: $0, isOfDaemon: false) } } + [
        Root(path: systemRoot.appending("etc/docker/certs.d"), isOfDaemon: true),
        Root(path: systemRoot.appending("etc/containers/certs.d"), isOfDaemon: false),
      ]
  }

  /// What all folders of any of these names say together; nil where there is none.
  ///
  /// Of several client certificates the first counts: the user's, and then in the order of names.
  func security(for authorities: [String]) throws -> TransportSecurity? {
    var found: TransportSecurity?
    for root in roots {
      for authority in authorities {
        guard let folder = try CertificateFolder(root.path.appending(authority), root.isOfDaemon)
        else { continue }
        var security = found ?? TransportSecurity()
        security.certificateAuthorities += folder.authorities
        security.clientCertificate = security.clientCertificate ?? folder.clientCertificate
        found = security
      }
    }
    return found
  }
}

/// The folder of one registry.
private struct CertificateFolder {
  private(set) var authorities: [FilePath] = []
  private(set) var clientCertificate: TransportSecurity.ClientCertificate?

  /// Nil where there is none. A half of a pair throws, as in Docker: who put it there takes the
  /// registry for one that it is shown to.
  init?(_ path: FilePath, _ isOfDaemon: Bool) throws {
    let names: [String]
    do {
      guard let found = try DirectoryNames.sorted(in: path) else { return nil }
      names = found
    } catch let error as SystemCallError where isOfDaemon && error.code == .permissionDenied {
      return nil
    }
    for name in names {
      let file = path.appending(name)
      switch FilePath.Component(name)?.extension {
      case "crt": authorities.append(file)
      case "cert":
        let key = String(name.dropLast(5)) + ".key"
        guard names.contains(key) else { throw RegistryConfigurationError.noKey(file) }
        clientCertificate =
          clientCertificate
          ?? TransportSecurity.ClientCertificate(certificate: file, key: path.appending(key))
      case "key":
        guard names.contains(String(name.dropLast(4)) + ".cert") else {
          throw RegistryConfigurationError.noCertificate(file)
        }
      default: break
      }
    }
  }
}
