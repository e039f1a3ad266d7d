internal import OCI
internal import Transport

/// Knows what each registry wants to see, and gets it: Basic credentials or tokens.
///
/// A token is asked for once for all who need it, and again when it has expired or is refused. What it
/// holds leaves it only as the value of an `Authorization` field.
actor Authorizer {
  private let credentials: CredentialSource
  private let transport: HTTPTransport
  private let retries: RetryPolicy
  private var challenges: [String: AuthenticationChallenge] = [:]
  private var tokens: [TokenKey: Token] = [:]
  private var requests: [TokenKey: Task<Token, any Error>] = [:]
  private var lookups: [CredentialKey: Task<Credential?, any Error>] = [:]

  private struct TokenKey: Hashable {
    let authority: String
    let scopes: [String]
  }

  private struct CredentialKey: Hashable {
    let registry: String
    let repository: String?
  }

  private struct Token: Sendable {
    let value: String
    let expiry: ContinuousClock.Instant
    let hasCredentials: Bool
  }

  /// What a request needs to be allowed.
  struct Need: Sendable {
    let endpoint: RegistryEndpoint
    /// As the reference names it: what credentials are stored under.
    let registry: String
    let scopes: [AccessScope]
  }

  /// What is shown, and whether it stands for an account.
  struct Authorization: Sendable, Hashable {
    let field: String?
    let hasCredentials: Bool
  }

  init(credentials: CredentialSource, transport: HTTPTransport, retries: RetryPolicy) {
    self.credentials = credentials
    self.transport = transport
    self.retries = retries
  }

  /// What to show before anything was refused: nothing, until the registry has said what it wants.
  func authorization(for need: Need) async throws -> Authorization {
    guard let challenge = challenges[need.endpoint.authority] else {
      return Authorization(field: nil, hasCredentials: false)
    }
    return try await answer(to: challenge, need)
  }

  /// What to show after a 401; nil where there is nothing else to show.
  func authorization(
    for need: Need, refused: Authorization, challenges fields: [String]
  ) async throws -> Authorization? {
    let offered = fields.flatMap(AuthenticationChallenge.read)
    guard
      let challenge = offered.first(where: { $0.scheme == "bearer" })
        ?? offered.first(where: { $0.scheme == "basic" })
    else { return nil }
    challenges[need.endpoint.authority] = challenge
    let key = tokenKey(challenge, need)
    if let token = tokens[key], refused.field == "Bearer " + token.value { tokens[key] = nil }
    let answer = try await answer(to: challenge, need)
    return answer.field == nil || answer == refused ? nil : answer
  }

  private func answer(
    to challenge: AuthenticationChallenge, _ need: Need
  ) async throws -> Authorization {
    if challenge.scheme == "bearer", let token = tokens[tokenKey(challenge, need)],
      token.expiry > .now
    {
      return Authorizer.authorization(token)
    }
    let credential = try await credential(need)
    switch (challenge.scheme, credential) {
    case ("basic", .password(let user, let password)):
      return Authorization(
        field: Authorizer.basic(user, password), hasCredentials: true)
    case ("bearer", .registryToken(let token)):
      return Authorization(field: "Bearer " + token, hasCredentials: true)
    case ("bearer", _):
      return Authorizer.authorization(try await token(challenge, need, credential))
    default: return Authorization(field: nil, hasCredentials: credential != nil)
    }
  }

  /// Looked up once: a credential helper is a program, and may ask somebody for a passphrase.
  ///
  /// Credentials belong to the host that they are sent to, which need not be the one that the reference
  /// names: a mirror is somebody else, and so is where `registries.conf` says that a registry is.
  private func credential(_ need: Need) async throws -> Credential? {
    let key = CredentialKey(
      registry: need.endpoint.authority, repository: need.scopes.first?.repository)
    if let lookup = lookups[key] { return try await lookup.sharedValue() }
    let credentials = credentials
    let lookup = Task {
      try await credentials.credential(for: key.registry, repository: key.repository)
    }
    lookups[key] = lookup
    return try await lookup.sharedValue()
  }

  private static func authorization(_ token: Token) -> Authorization {
    Authorization(field: "Bearer " + token.value, hasCredentials: token.hasCredentials)
  }

  private static func basic(_ user: String, _ password: String) -> String {
    "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
  }

  // MARK: - Tokens

  private func tokenKey(_ challenge: AuthenticationChallenge, _ need: Need) -> TokenKey {
    TokenKey(
      authority: need.endpoint.authority, scopes: Authorizer.scopes(challenge, need))
  }

  /// What we are about to do; where that concerns no repository, what the registry asks for.
  private static func scopes(_ challenge: AuthenticationChallenge, _ need: Need) -> [String] {
    guard need.scopes.isEmpty else { return need.scopes.sorted().map(\.text) }
    return (challenge.parameters["scope"] ?? "").split(separator: " ").map(String.init)
  }

  private func token(
    _ challenge: AuthenticationChallenge, _ need: Need, _ credential: Credential?
  ) async throws -> Token {
    let key = tokenKey(challenge, need)
    // Somebody may have got it while the credential was looked up.
    if let token = tokens[key], token.expiry > .now { return token }
    if let request = requests[key] { return try await request.sharedValue() }
    let server = try TokenServer(challenge, need, scopes: key.scopes)
    let (transport, retries) = (transport, retries)
    let request = Task {
      defer { requests[key] = nil }
      let answer = try await retries.run { try await server.token(credential, transport) }
      let token = Token(
        value: answer.value, expiry: .now + answer.lifetime, hasCredentials: credential != nil)
      tokens[key] = token
      return token
    }
    requests[key] = request
    return try await request.sharedValue()
  }
}

/// Where a registry sends for tokens (distribution, docs/spec/auth/token.md and oauth.md).
private struct TokenServer: Sendable {
  private let realm: HTTPURL
  private let service: String?
  private let scopes: [String]
  private let need: Authorizer.Need

  /// A token lives for a minute where the server does not say.
  private static let defaultLifetime: Int64 = 60
  private static let longestLifetime: Int64 = 86_400
  private static let clientName = "slipway"

  init(_ challenge: AuthenticationChallenge, _ need: Authorizer.Need, scopes: [String]) throws {
    guard let realm = challenge.parameters["realm"].flatMap({ HTTPURL($0) }), !realm.isUnixSocket
    else { throw need.error(.malformed("its challenge names no token server")) }
    guard realm.isSecure || need.endpoint.scheme == .http else {
      throw need.error(.malformed("it sends for tokens to `\(realm)`, which has no TLS"))
    }
    self.realm = realm
    service = challenge.parameters["service"]
    self.scopes = scopes
    self.need = need
  }

  func token(
    _ credential: Credential?, _ transport: HTTPTransport
  ) async throws -> (value: String, lifetime: Duration) {
    var request = request(credential)
    request.security = need.endpoint.security(for: realm)
    let need = need
    do {
      return try await transport.exchange(request) { response in
        let body = try await response.collect(limit: 1 << 20)
        guard response.isSuccess else {
          throw need.refusal(response, body, hasCredentials: credential != nil)
        }
        return try TokenServer.read(body, need)
      }
    } catch let error as TransportError {
      throw TransientFailure.wrapping(error) { need.error($0) }
    }
  }

  private func request(_ credential: Credential?) -> HTTPRequest {
    if case .identityToken(let token) = credential {
      var form = "grant_type=refresh_token&client_id=" + TokenServer.clientName
      if let service { form += "&service=" + HTTPURL.escapedForQuery(service) }
      form += "&scope=" + HTTPURL.escapedForQuery(scopes.joined(separator: " "))
      form += "&refresh_token=" + HTTPURL.escapedForQuery(token)
      return HTTPRequest(
        .post, realm, fields: ["Content-Type": "application/x-www-form-urlencoded"],
        body: .bytes(Array(form.utf8)))
    }
    var url = realm
    if let service { url = url.addingQuery("service", service) }
    for scope in scopes { url = url.addingQuery("scope", scope) }
    var request = HTTPRequest(.get, url)
    if case .password(let user, let password) = credential {
      request.url = url.addingQuery("account", user).addingQuery(
        "client_id", TokenServer.clientName)
      request.fields["Authorization"] =
        "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
    }
    return request
  }

  /// What cannot be read counts as not there.
  private struct Answer: Decodable {
    let token: String?
    let lifetime: Int64?

    private enum CodingKeys: String, CodingKey {
      case token
      case accessToken = "access_token"
      case lifetime = "expires_in"
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      func text(_ key: CodingKeys) -> String? {
        (try? container.decode(String.self, forKey: key)).flatMap { $0.isEmpty ? nil : $0 }
      }
      token = text(.token) ?? text(.accessToken)
      lifetime = try? container.decode(Int64.self, forKey: .lifetime)
    }
  }

  private static func read(
    _ body: [UInt8], _ need: Authorizer.Need
  ) throws -> (value: String, lifetime: Duration) {
    let answer = try? JSON.decode(Answer.self, from: body)
    guard let value = answer?.token, value.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
    else { throw need.error(.malformed("its token server gives no token")) }
    // A little less than promised: it must still be good when it arrives.
    let lifetime = min(max(answer?.lifetime ?? defaultLifetime, 1), longestLifetime)
    return (value, .seconds(lifetime > 20 ? lifetime - 5 : lifetime))
  }
}

extension Authorizer.Need {
  func error(_ cause: RegistryError.Cause) -> RegistryError {
    RegistryError(
      registry: registry, repository: scopes.first?.repository ?? "",
      activity: "asking for a token", cause: cause)
  }

  func refusal(_ response: HTTPResponse, _ body: [UInt8], hasCredentials: Bool) -> any Error {
    let messages = RegistryMessage.reading(body)
    let cause: RegistryError.Cause =
      [401, 403].contains(response.status)
      ? .unauthorized(hasCredentials: hasCredentials, messages)
      : .refused(status: response.status, messages)
    return TransientFailure.wrapping(error(cause), response)
  }
}
