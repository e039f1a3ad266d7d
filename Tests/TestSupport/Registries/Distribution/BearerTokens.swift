import Synchronization

/// The tokens that a registry knows: names without meaning, so that they can be taken back.
final class BearerTokens: Sendable {
  /// Why a token is no good (RFC 6750, 3.1).
  enum Problem: Sendable {
    case missing
    case invalid
    case insufficientScope

    var code: String? {
      switch self {
      case .missing: nil
      case .invalid: "invalid_token"
      case .insufficientScope: "insufficient_scope"
      }
    }
  }

  private struct Token {
    let grant: TokenGrant
    let end: ContinuousClock.Instant?
    var requests: Int
  }

  private let lifetime: FaultyRegistry.Lifetime
  private let tokens = Mutex<[String: Token]>([:])

  init(lifetime: FaultyRegistry.Lifetime) {
    self.lifetime = lifetime
  }

  func issue(_ grant: TokenGrant) -> String {
    let name = RandomText.digits(40)
    let token =
      switch lifetime {
      case .seconds(let seconds):
        Token(grant: grant, end: .now.advanced(by: .seconds(seconds)), requests: .max)
      case .requests(let count): Token(grant: grant, end: nil, requests: count)
      }
    tokens.withLock { $0[name] = token }
    return name
  }

  func expireAll() { tokens.withLock { $0.removeAll() } }

  /// Nil where the request's token is good for all of `scopes`; that uses it up by one request.
  func problem(of request: ServerRequest, with scopes: [RegistryScope]) -> Problem? {
    guard let header = request.headers["Authorization"] else { return .missing }
    guard header.lowercased().hasPrefix("bearer ") else { return .invalid }
    let name = String(header.dropFirst("bearer ".count))
    return tokens.withLock { tokens in
      guard let token = tokens[name], token.requests > 0, token.end.map({ .now < $0 }) ?? true
      else { return .invalid }
      let covers = scopes.allSatisfy { scope in token.grant.scopes.contains { $0.covers(scope) } }
      guard covers else { return .insufficientScope }
      if token.end == nil { tokens[name]?.requests -= 1 }
      return nil
    }
  }
}
