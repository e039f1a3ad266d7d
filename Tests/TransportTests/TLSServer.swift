import Glibc
import SystemPackage
import TestSupport

/// `openssl s_server`, which answers everything with a page about the connection, or with what is in the
/// files of a folder.
struct TLSServer: Sendable {
  let port: UInt16
  private let running: RunningCommand

  /// - Parameters:
  ///   - clients: the authority that signs the certificates of those who may come in.
  ///   - folder: whole answers, heads included, in files that are named as their URLs' paths.
  static func start(
    _ certificate: FilePath, key: FilePath, clients: FilePath? = nil,
    answersIn folder: FilePath? = nil
  ) async throws -> TLSServer {
    var arguments = [
      "s_server", "-accept", "127.0.0.1:0", folder == nil ? "-www" : "-HTTP", "-cert",
      certificate.string, "-key", key.string,
    ]
    if let clients {
      arguments += ["-CAfile", clients.string, "-Verify", "2", "-verify_return_error"]
    }
    let sign = "ACCEPT 127.0.0.1:"
    var command = Command("openssl", arguments)
    command.directory = folder
    let running = try command.start()
    // The port comes with the line, but perhaps not at once with the sign.
    while true {
      try await running.waits(for: sign)
      let rest = running.outputSoFar.split(separator: sign, maxSplits: 1).last ?? ""
      if rest.contains("\n"), let port = UInt16(rest.prefix { $0.isNumber }) {
        return TLSServer(port: port, running: running)
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  static func start(
    _ certificate: CertificateAuthority.Certificate, clients: FilePath? = nil,
    answersIn folder: FilePath? = nil
  ) async throws -> TLSServer {
    try await start(
      certificate.certificate, key: certificate.key, clients: clients, answersIn: folder)
  }

  func stop() async {
    running.send(signalToAll: SIGKILL)
    _ = try? await running.result()
  }
}

/// A certificate that was good for the year 2000, signed by itself.
func makeExpiredCertificate(
  in folder: TemporaryDirectory
) async throws -> (certificate: FilePath, key: FilePath) {
  let settings = """
    [req]
    distinguished_name = name
    [name]
    [ca]
    default_ca = own
    [own]
    database = db
    serial = serial
    new_certs_dir = .
    default_md = sha256
    policy = any
    x509_extensions = ext
    [any]
    commonName = supplied
    [ext]
    subjectAltName = IP:127.0.0.1,DNS:localhost
    basicConstraints = critical,CA:TRUE

    """
  try folder.write(settings, to: "ca.cnf")
  try folder.write("", to: "db")
  try folder.write("01\n", to: "serial")
  let request = [
    "req", "-new", "-config", "ca.cnf", "-subj", "/CN=localhost", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem", "-out", "request.pem",
  ]
  let signature = [
    "ca", "-config", "ca.cnf", "-selfsign", "-batch", "-notext", "-keyfile", "key.pem", "-in",
    "request.pem", "-out", "certificate.pem", "-startdate", "20000101000000Z", "-enddate",
    "20010101000000Z",
  ]
  for arguments in [request, signature] {
    var command = Command("openssl", arguments)
    command.directory = folder.path
    try await command.check()
  }
  return (folder("certificate.pem"), folder("key.pem"))
}
