import OCI
import Synchronization

/// Lets requests into a registry, or says what they lack.
final class RegistryGate: Sendable {
  private let authentication: FaultyRegistry.Authentication
  private let tokens: BearerTokens?
  let tokenEndpoint: TokenEndpoint?
  private let ownRealm = Mutex("")

  init(_ authentication: FaultyRegistry.Authentication) {
    self.authentication = authentication
    guard case .bearer(let bearer) = authentication else {
      tokens = nil
      tokenEndpoint = nil
      return
    }
    let tokens = BearerTokens(lifetime: bearer.lifetime)
    self.tokens = tokens
    var options = TokenEndpoint.Options(credentials: bearer.credentials)
    options.allowsAnonymousPull = bearer.allowsAnonymousPull
    options.offersRefreshTokens = bearer.offersRefreshTokens
    options.acceptsPost = bearer.acceptsPost
    options.declaredLifetime = bearer.declaredLifetime
    tokenEndpoint = TokenEndpoint(options) { tokens.issue($0) }
  }

  /// Tells where the registry's own tokens are to be had, which only the running server knows.
  func open(at realm: String) { ownRealm.withLock { $0 = realm } }

  func expireTokens() { tokens?.expireAll() }

  /// Throws `RegistryError` with a challenge where a request may not pass.
  func admit(_ request: ServerRequest, to route: DistributionRoute) throws {
    switch authentication {
    case .none: return
    case .basic(let user, let password):
      let expected = BasicCredentials(user: user, password: password)
      guard BasicCredentials(header: request.headers["Authorization"]) == expected else {
        throw RegistryGate.refusal("Basic realm=\"registry.test\"")
      }
    case .bearer(let bearer):
      let scopes = RegistryGate.scopes(of: request, to: route)
      guard let problem = tokens?.problem(of: request, with: scopes) else { return }
      throw RegistryGate.refusal(challenge(bearer, scopes, problem))
    }
  }

  /// What a request needs: see docs/spec/auth/scope.md of distribution. A mount reads elsewhere.
  private static func scopes(
    of request: ServerRequest, to route: DistributionRoute
  ) -> [RegistryScope] {
    guard let name = route.repository else { return [] }
    switch request.method {
    case "GET", "HEAD": return [RegistryScope(repository: name, ["pull"])]
    case "DELETE": return [RegistryScope(repository: name, ["delete"])]
    default:
      let own = RegistryScope(repository: name, ["pull", "push"])
      guard let source = request.query["from"], source != name else { return [own] }
      return [own, RegistryScope(repository: source, ["pull"])]
    }
  }

  private func challenge(
    _ bearer: FaultyRegistry.Bearer, _ scopes: [RegistryScope], _ problem: BearerTokens.Problem
  ) -> String {
    let realm = bearer.realm ?? ownRealm.withLock { $0 }
    var challenge = "Bearer realm=\"\(realm)\",service=\"\(bearer.service)\""
    if !scopes.isEmpty {
      challenge += ",scope=\"\(scopes.map(\.description).joined(separator: " "))\""
    }
    if let code = problem.code { challenge += ",error=\"\(code)\"" }
    return challenge
  }

  private static func refusal(_ challenge: String) -> RegistryError {
    RegistryError(
      401, "UNAUTHORIZED", "authentication required", ["WWW-Authenticate": challenge])
  }
}
