import Glibc
import OCI
package import SystemPackage

/// A token server for Debian's registry, which believes what it has signed: for one user who may do
/// everything, and for everybody who wants to pull where that is allowed.
package final class TokenServer: Sendable {
  static let service = "registry.test"
  static let issuer = "tokens.test"

  /// What it is at fault with, and what it was asked.
  package let server: ScriptedServer
  private let signer: TokenSigner

  package init(credentials: BasicCredentials, allowsAnonymousPull: Bool = false) async throws {
    let signer = try await TokenSigner()
    self.signer = signer
    var options = TokenEndpoint.Options(credentials: credentials)
    options.allowsAnonymousPull = allowsAnonymousPull
    let endpoint = TokenEndpoint(options) { grant in
      try signer.sign(TokenServer.claims(for: grant))
    }
    server = try ScriptedServer { request in
      do {
        guard request.path == "/token" else {
          throw RegistryError(404, "NOT_FOUND", "no such path: \(request.path)")
        }
        return try endpoint.answer(request)
      } catch let error as RegistryError {
        return error.response
      }
    }
  }

  /// Where tokens are to be had.
  package var realm: String { "http://127.0.0.1:\(server.port)/token" }
  /// What was asked so far, in the order of arrival.
  package var requests: [LoggedRequest] { server.requests }
  /// What a registry has to trust.
  package var certificate: FilePath { signer.certificate }

  /// Ends everything and waits until it has ended.
  package func stop() { server.stop() }

  /// distribution, docs/spec/auth/jwt.md.
  private struct Claims: Encodable {
    struct Access: Encodable {
      let type: String
      let name: String
      let actions: [String]
    }

    let iss = TokenServer.issuer
    let sub: String
    let aud: String
    let exp: Int
    let nbf: Int
    let iat: Int
    let jti: String
    let access: [Access]
  }

  private static func claims(for grant: TokenGrant) throws -> [UInt8] {
    let now = time(nil)
    return try JSON.encode(
      Claims(
        sub: grant.account, aud: grant.service, exp: now + 300, nbf: now - 10, iat: now,
        jti: RandomText.digits(16),
        access: grant.scopes.map {
          Claims.Access(type: $0.type, name: $0.name, actions: $0.actions.sorted())
        }))
  }
}
