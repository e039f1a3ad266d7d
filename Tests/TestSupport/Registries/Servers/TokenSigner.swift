import Glibc
import OCI
import SystemPackage

/// Signs JSON web tokens (RFC 7519) with a key of its own, by `openssl`.
final class TokenSigner: Sendable {
  let certificate: FilePath
  private let folder: TemporaryDirectory
  private let header: String

  private struct Header: Encodable {
    let typ = "JWT"
    let alg = "RS256"
    /// The certificate itself, DER in Base64: Docker's registry 2.8 looks here first, then for a
    /// `jwk`, then for a `kid` in a form of its own (registry/auth/token/token.go,
    /// `VerifySigningKey`).
    let x5c: [String]
  }

  init() async throws {
    folder = try TemporaryDirectory()
    certificate = folder("token.crt")
    try await Command(
      "openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj",
        "/CN=tokens.test",
        "-keyout", folder("token.key").string, "-out", certificate.string,
      ]
    ).check()
    // What PEM has between its first and its last line is Base64 already.
    let body = try Files.text(certificate).split(separator: "\n").dropFirst().dropLast().joined()
    header = Base64.encodeForURL(try JSON.encode(Header(x5c: [body])))
  }

  /// The token with these claims. Blocks while `openssl` runs.
  func sign(_ claims: [UInt8]) throws -> String {
    let content = header + "." + Base64.encodeForURL(claims)
    return content + "." + Base64.encodeForURL(try signature(of: content))
  }

  /// With popen(3), and not `Command`, which needs a cooperative thread to go on: all of those may be
  /// waiting for a server to end, and the server for this.
  private func signature(of content: String) throws -> [UInt8] {
    let name = RandomText.digits(16)
    let file = try folder.write(content, to: name)
    defer { Files.remove(file) }
    let command = "exec openssl dgst -sha256 -sign '\(folder("token.key"))' '\(file)'"
    guard let pipe = popen(command, "re") else { throw Errno(rawValue: errno) }
    // Of a key of 2048 bits.
    let bytes = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
      count = fread(buffer.baseAddress, 1, 256, pipe)
    }
    guard pclose(pipe) == 0, bytes.count == 256 else { throw Errno.ioError }
    return bytes
  }
}
