internal import NIOSSL
import Synchronization
import SystemPackage

/// TLS settings, read from their files once.
final class TrustCache: Sendable {
  private let state = Mutex(State())

  private struct State {
    var systemRoots: NIOSSLTrustRoots = .default
    var configurations: [TransportSecurity: TLSConfiguration] = [:]
  }

  /// `SSL_CERT_FILE`, else `SSL_CERT_DIR`, in the place of the system's own bundle, as OpenSSL has it.
  func setSystemRoots(environment: [String: String]) {
    let file = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    let folder = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0 }
    guard let path = file ?? folder else { return }
    state.withLock { $0.systemRoots = .file(path) }
  }

  /// The settings for a connection. Throws ``TransportError``.
  func configuration(_ security: TransportSecurity, _ url: HTTPURL) throws -> TLSConfiguration {
    try state.withLock { state in
      if let known = state.configurations[security] { return known }
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.trustRoots = state.systemRoots
      configuration.additionalTrustRoots = try security.certificateAuthorities.map { path in
        .certificates(
          try reading(path, url) { try NIOSSLCertificate.fromPEMFile(path.string) })
      }
      if !security.verifiesCertificates { configuration.certificateVerification = .none }
      if let own = security.clientCertificate {
        configuration.certificateChain = try reading(own.certificate, url) {
          try NIOSSLCertificate.fromPEMFile(own.certificate.string).map { .certificate($0) }
        }
        configuration.privateKey = .privateKey(
          try reading(own.key, url) {
            try NIOSSLPrivateKey(file: own.key.string, format: .pem)
          })
      }
      state.configurations[security] = configuration
      return configuration
    }
  }

  private func reading<Value>(
    _ path: FilePath, _ url: HTTPURL, _ read: () throws -> Value
  ) throws -> Value {
    do {
      return try read()
    } catch {
      throw TransportError(.unreadableCertificate(path: path.string, "\(error)"), url)
    }
  }
}
