package import SystemPackage

/// A certificate authority of the tests' own, with its files in a folder that goes with it.
package final class CertificateAuthority: Sendable {
  /// A certificate and its key, as PEM files.
  package struct Certificate: Hashable, Sendable {
    package let certificate: FilePath
    package let key: FilePath
  }

  private let folder: TemporaryDirectory
  private let own: Certificate

  /// Makes one with `openssl`.
  package init(named name: String = "Slipway test authority") async throws {
    folder = try TemporaryDirectory()
    own = Certificate(certificate: folder("ca.crt"), key: folder("ca.key"))
    let constraints = [
      "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
      "subjectKeyIdentifier=hash",
    ]
    try await make(own, subject: name, extensions: constraints, signed: [])
  }

  /// Its own certificate: what those have to trust who are to trust the others.
  package var certificate: FilePath { own.certificate }

  /// A certificate for a server that is called by any of these names or addresses.
  package func server(
    names: [String] = ["localhost", "127.0.0.1"]
  ) async throws -> Certificate {
    let isAddress: (String) -> Bool = { name in
      name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
    }
    let alternatives = names.map { (isAddress($0) ? "IP:" : "DNS:") + $0 }.joined(separator: ",")
    return try await issue(
      to: names.first ?? "", ["extendedKeyUsage=serverAuth", "subjectAltName=\(alternatives)"])
  }

  /// A certificate for a client.
  package func client(named name: String = "client") async throws -> Certificate {
    try await issue(to: name, ["extendedKeyUsage=clientAuth"])
  }

  /// Writes what Docker, Podman and Slipway read for a host: `FOLDER/HOST/ca.crt`, and `client.cert`
  /// with `client.key`. `folder` is the `certs.d`.
  @discardableResult
  package func trust(
    for host: String, in folder: FilePath, client: Certificate? = nil
  ) throws -> FilePath {
    let directory = folder.appending(host)
    try Files.write(Files.read(certificate), to: directory.appending("ca.crt"))
    if let client {
      try Files.write(Files.read(client.certificate), to: directory.appending("client.cert"))
      try Files.write(Files.read(client.key), to: directory.appending("client.key"), mode: 0o600)
    }
    return directory
  }

  private func issue(to subject: String, _ extensions: [String]) async throws -> Certificate {
    let name = RandomText.digits(8)
    let certificate = Certificate(
      certificate: folder("\(name).crt"), key: folder("\(name).key"))
    let signer = ["-CA", own.certificate.string, "-CAkey", own.key.string]
    let constraints = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
    try await make(
      certificate, subject: subject, extensions: constraints + extensions, signed: signer)
    return certificate
  }

  private func make(
    _ certificate: Certificate, subject: String, extensions: [String], signed signer: [String]
  ) async throws {
    // The system's own configuration would add extensions of its own.
    let configuration = try folder.write(
      "[req]\ndistinguished_name = name\n[name]\n", to: "openssl.cnf")
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    let files = ["-keyout", certificate.key.string, "-out", certificate.certificate.string]
    let additions = extensions.flatMap { ["-addext", $0] }
    try await Command(
      "openssl",
      ["req", "-x509", "-config", configuration.string, "-subj", "/CN=\(subject)", "-days", "3650"]
        + curve + files + additions + signer
    ).check()
  }
}
