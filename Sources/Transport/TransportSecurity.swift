package import SystemPackage

/// What a connection's TLS trusts and shows, besides the system's own certificate authorities.
package struct TransportSecurity: Sendable, Hashable {
  /// PEM files of further certificate authorities.
  package var certificateAuthorities: [FilePath]
  package var clientCertificate: ClientCertificate?
  /// False accepts any certificate.
  package var verifiesCertificates: Bool

  package init(
    certificateAuthorities: [FilePath] = [], clientCertificate: ClientCertificate? = nil,
    verifiesCertificates: Bool = true
  ) {
    self.certificateAuthorities = certificateAuthorities
    self.clientCertificate = clientCertificate
    self.verifiesCertificates = verifiesCertificates
  }

  /// A certificate chain and its key, as PEM files.
  package struct ClientCertificate: Sendable, Hashable {
    package var certificate: FilePath
    package var key: FilePath

    package init(certificate: FilePath, key: FilePath) {
      self.certificate = certificate
      self.key = key
    }
  }
}
