import Glibc
import OCI
import Synchronization

/// A token server: GET with Basic (distribution, docs/spec/auth/token.md) and POST with a form
/// (docs/spec/auth/oauth.md), for one user who may do everything.
final class TokenEndpoint: Sendable {
  struct Options: Sendable {
    var credentials: BasicCredentials
    var allowsAnonymousPull = false
    var offersRefreshTokens = true
    var acceptsPost = true
    /// What `expires_in` says, in seconds; nil leaves it out.
    var declaredLifetime: Int? = 300
  }

  private let options: Options
  private let mint: @Sendable (TokenGrant) throws -> String
  private let refreshTokens = Mutex<Set<String>>([])

  init(_ options: Options, mint: @escaping @Sendable (TokenGrant) throws -> String) {
    self.options = options
    self.mint = mint
  }

  /// Throws `RegistryError` where there is no token to be had.
  func answer(_ request: ServerRequest) throws -> ServerResponse {
    switch request.method {
    case "GET": try answerGet(request)
    case "POST" where options.acceptsPost: try answerPost(request)
    default: throw RegistryError.unsupported
    }
  }

  private func answerGet(_ request: ServerRequest) throws -> ServerResponse {
    let account = try account(of: request)
    let token = try mint(grant(account, request.query, request.query.values(of: "scope")))
    let isOffline = request.query["offline_token"] == "true" && !account.isEmpty
    return try response(
      Document(
        token: token, accessToken: token, expiresIn: options.declaredLifetime,
        refreshToken: isOffline ? newRefreshToken() : nil))
  }

  /// Wrong credentials are worse than none.
  private func account(of request: ServerRequest) throws -> String {
    if request.headers["Authorization"] == nil, options.allowsAnonymousPull { return "" }
    guard BasicCredentials(header: request.headers["Authorization"]) == options.credentials else {
      throw TokenEndpoint.refusal
    }
    return options.credentials.user
  }

  private func answerPost(_ request: ServerRequest) throws -> ServerResponse {
    let body = try request.body.readAll()
    let form = HTTPQuery(parsing: String(decoding: body, as: UTF8.self))
    guard form["client_id"] != nil, form["service"] != nil else {
      throw RegistryError(400, "INVALID_REQUEST", "`client_id` and `service` are required")
    }
    let refreshToken = try authenticated(form)
    let scopes = (form["scope"] ?? "").split(separator: " ").map(String.init)
    let grant = grant(options.credentials.user, form, scopes)
    return try response(
      Document(
        accessToken: try mint(grant), expiresIn: options.declaredLifetime,
        refreshToken: refreshToken,
        scope: grant.scopes.map(\.description).joined(separator: " ")))
  }

  /// The refresh token that goes with an answer. Throws where the form does not prove who sent it.
  private func authenticated(_ form: HTTPQuery) throws -> String? {
    switch form["grant_type"] {
    case "password":
      let given = BasicCredentials(
        user: form["username"] ?? "", password: form["password"] ?? "")
      guard given == options.credentials else { throw TokenEndpoint.refusal }
      return form["access_type"] == "offline" ? newRefreshToken() : nil
    case "refresh_token":
      let token = form["refresh_token"] ?? ""
      guard refreshTokens.withLock({ $0.contains(token) }) else { throw TokenEndpoint.refusal }
      return token
    default:
      throw RegistryError(400, "UNSUPPORTED_GRANT_TYPE", "`grant_type` is not supported")
    }
  }

  private func grant(_ account: String, _ query: HTTPQuery, _ scopes: [String]) -> TokenGrant {
    var scopes = scopes.compactMap { RegistryScope($0) }
    if account.isEmpty {
      for index in scopes.indices { scopes[index].actions.formIntersection(["pull"]) }
    }
    return TokenGrant(account: account, service: query["service"] ?? "", scopes: scopes)
  }

  private func newRefreshToken() -> String? {
    guard options.offersRefreshTokens else { return nil }
    let token = RandomText.digits(40)
    refreshTokens.withLock { _ = $0.insert(token) }
    return token
  }

  private func response(_ document: Document) throws -> ServerResponse {
    ServerResponse(
      200, ["Content-Type": "application/json"], .bytes(try JSON.encode(document)))
  }

  private static let refusal = RegistryError(
    401, "UNAUTHORIZED", "incorrect username or password")

  private struct Document: Encodable {
    var token: String?
    var accessToken: String
    var expiresIn: Int?
    var issuedAt = Timestamp(secondsSinceEpoch: Int64(time(nil)))
    var refreshToken: String?
    var scope: String?

    enum CodingKeys: String, CodingKey {
      case token, scope
      case accessToken = "access_token"
      case expiresIn = "expires_in"
      case issuedAt = "issued_at"
      case refreshToken = "refresh_token"
    }
  }
}
