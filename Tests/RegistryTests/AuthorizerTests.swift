import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("Authorizer")
struct AuthorizerTests {
  private let scratch: RegistryScratch
  private let password = Credential.password(username: "gopher", password: "hush:hush")

  init() throws { scratch = try RegistryScratch() }

  private func registry(
    _ change: (inout FaultyRegistry.Bearer) -> Void = { _ in }
  ) throws -> FaultyRegistry {
    var bearer = FaultyRegistry.Bearer(user: "gopher", password: "hush:hush")
    change(&bearer)
    let registry = try FaultyRegistry(FaultyRegistry.Options(authentication: .bearer(bearer)))
    try registry.addImage([.files(["a": "a"])], to: "app", tag: "1")
    return registry
  }

  private func pull(_ registry: FaultyRegistry, _ scratch: RegistryScratch) async throws {
    _ = try await scratch.repository("\(registry.host)/app").manifest(.tag("1"))
  }

  /// The words of the error that a pull ends with; nothing secret may be among them.
  private func refusal(_ registry: FaultyRegistry, _ scratch: RegistryScratch) async -> String {
    let error = await failure { try await pull(registry, scratch) }
    let words = error.map { "\($0)" } ?? "no error"
    #expect(!words.contains("hush"))
    return words
  }

  @Test("gets a token without credentials, where that is allowed, and shows it")
  func anonymous() async throws {
    let registry = try registry { $0.allowsAnonymousPull = true }
    try await pull(registry, scratch)
    #expect(registry.course == ["GET 401", "GET 200", "GET 200"])
    let asked = try #require(registry.requests(.tokens).first)
    #expect(asked.query["scope"] == "repository:app:pull")
    #expect(asked.query["service"] == "registry.test")
    #expect(asked.headers["Authorization"] == nil)
  }

  @Test("says how to log in where that is not allowed")
  func refused() async throws {
    let registry = try registry()
    let words = await refusal(registry, scratch)
    #expect(
      words
        == "asking for a token (`\(registry.host)/app`): 401 Unauthorized: "
        + "incorrect username or password (UNAUTHORIZED); "
        + "hint: `slipway login \(registry.host)`, if it exists and is not public")
    #expect(registry.course == ["GET 401", "GET 401"])
  }

  @Test("shows a password to the token server alone")
  func passwords() async throws {
    let registry = try registry()
    let scratch = scratch.with(password)
    try await pull(registry, scratch)
    let basic = BasicCredentials(user: "gopher", password: "hush:hush").header
    #expect(registry.requests(.tokens).map { $0.headers["Authorization"] } == [basic])
    #expect(registry.requests(.tokens).first?.query["account"] == "gopher")
    for request in registry.requests(.manifestReads) {
      #expect(request.headers["Authorization"] != basic)
    }
  }

  @Test("says that the credentials do not do")
  func wrongPassword() async throws {
    let registry = try registry()
    let words = await refusal(
      registry, scratch.with(.password(username: "gopher", password: "hush")))
    #expect(
      words.hasSuffix(
        "; hint: the credentials for `\(registry.host)` do not allow this; "
          + "`slipway login \(registry.host)` replaces them"))
  }

  @Test("turns a refresh token into tokens, and sends it in no URL")
  func refreshTokens() async throws {
    let registry = try registry()
    let url = try #require(
      HTTPURL("\(registry.url)/token?service=s&offline_token=true&scope=repository:app:pull"))
    let basic = BasicCredentials(user: "gopher", password: "hush:hush").header
    let text = try await HTTPTransport(environment: [:]).exchange(
      HTTPRequest(.get, url, fields: ["Authorization": basic])
    ) { String(decoding: try await $0.collect(limit: 1 << 16), as: UTF8.self) }
    let refresh = try #require(
      JSON.decode([String: JSONText].self, from: Array(text.utf8))["refresh_token"]?.text)
    let scratch = scratch.with(.identityToken(refresh))
    registry.server.clearLog()
    try await pull(registry, scratch)
    #expect(registry.course == ["GET 401", "POST 200", "GET 200"])
    #expect(!registry.requests.contains { $0.target.contains(refresh) })
    let words = await refusal(registry, self.scratch.with(.identityToken("hush")))
    #expect(words.contains("401 Unauthorized") && words.contains("do not allow this"))
  }

  @Test("shows a registry token as it is")
  func registryToken() async throws {
    let registry = try registry()
    let words = await refusal(registry, scratch.with(.registryToken("hush")))
    #expect(words.contains("fetching the manifest `1`") && words.contains("do not allow this"))
    #expect(registry.requests(.tokens).isEmpty)
    #expect(registry.requests.last?.headers["Authorization"] == "Bearer hush")
  }

  @Test("shows Basic credentials where the registry wants those, and only to it")
  func basic() async throws {
    let registry = try FaultyRegistry(
      FaultyRegistry.Options(authentication: .basic(user: "gopher", password: "hush:hush")))
    try registry.addImage([.files(["a": "a"])], to: "app", tag: "1")
    let client = try scratch.with(password).client()
    let repository = client.repository(try Reference("\(registry.host)/app"))
    for _ in 0..<3 { _ = try await repository.manifest(.tag("1")) }
    #expect(registry.course == ["GET 401", "GET 200", "GET 200", "GET 200"])
    #expect(registry.requests.first?.headers["Authorization"] == nil)
    registry.server.clearLog()
    let none = await refusal(registry, scratch)
    #expect(none.contains("401 Unauthorized: authentication required"))
    #expect(none.contains("; hint: `slipway login \(registry.host)`, if it exists"))
    let wrong = await refusal(
      registry, scratch.with(.password(username: "gopher", password: "hush")))
    #expect(wrong.contains("do not allow this"))
    #expect(registry.course == ["GET 401", "GET 401", "GET 401"])
  }

  @Test("asks for a token once, however many need it, and looks a credential up once")
  func shared() async throws {
    let registry = try registry()
    var credentials = try CredentialScratch()
    try credentials.keyRing("ring")
    try credentials.docker(#"{"credsStore":"ring"}"#)
    credentials.environment["HOME"] = credentials.folder("home").string
    _ = try await credentials.store.save(password, for: registry.host)
    var scratch = scratch
    scratch.credentials = .stored(credentials.store)
    let repository = try scratch.repository("\(registry.host)/app")
    // The first learns what the registry wants.
    _ = try await repository.describeManifest(.tag("1"))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { _ = try await repository.describeManifest(.tag("1")) }
      }
      try await group.waitForAll()
    }
    #expect(registry.requests(.tokens).count == 1)
    #expect(try credentials.calls(of: "ring").filter { $0.hasPrefix("get") }.count == 1)
  }

  @Test("has a token for each repository and for what is done with it")
  func scopes() async throws {
    let registry = try registry()
    try registry.put(blob: [1], in: "base")
    let client = try scratch.with(password).client()
    let app = client.repository(try Reference("\(registry.host)/app"))
    _ = try await app.manifest(.tag("1"))
    let blob = try scratch.store.add([1], as: .layer)
    let outcome = try await app.upload(
      blob, from: .store(scratch.store), mountSources: ["base"])
    #expect(outcome == .mounted(from: "base"))
    #expect(
      registry.requests(.tokens).map { $0.query.values(of: "scope") } == [
        ["repository:app:pull"], ["repository:app:pull,push"],
        ["repository:app:pull,push", "repository:base:pull"],
      ])
  }

  @Test("gets a new token when one has expired, also in the middle of a push")
  func expiry() async throws {
    for pattern in [
      RequestPattern.blobChecks, .uploadBeginnings, .uploadEnds, .manifestWrites,
    ] {
      let registry = try registry()
      let scratch = try RegistryScratch().with(password)
      let image = try scratch.addImage([scratch.add(noise: 3_000_000)])
      registry.inject(.expireTokens, on: pattern)
      try await scratch.pusher(to: "\(registry.host)/new:1").push(image)
      #expect(registry.server.remainingFaults == 0)
      #expect(registry.descriptor("1", in: "new")?.digest == image.digest)
      #expect(registry.uploadCount <= 1)
    }
  }

  @Test("copes with tokens that are good for one request")
  func shortTokens() async throws {
    let registry = try registry { $0.lifetime = .requests(1) }
    let scratch = scratch.with(password)
    let blob = try scratch.add(noise: 100_000)
    let outcome = try await scratch.repository("\(registry.host)/new").upload(
      blob, from: .store(scratch.store))
    #expect(outcome == .sent && registry.hasBlob(blob.digest, in: "new"))
    #expect(registry.requests(.tokens).count == 3)
  }

  @Test("gives up where every token is refused, after two of them")
  func deadTokens() async throws {
    let registry = try registry { $0.lifetime = .seconds(0) }
    let words = await refusal(registry, scratch.with(password))
    #expect(words.contains("fetching the manifest `1`") && words.contains("401 Unauthorized"))
    #expect(registry.requests(.tokens).count == 2)
    #expect(registry.requests(.manifestReads).count == 3)
  }

  @Test("asks a token server that fails again, and so often in all")
  func failingTokenServer() async throws {
    let registry = try registry()
    let scratch = scratch.with(password)
    registry.inject(.respond(503), on: .tokens, times: 2)
    registry.inject(.reset, on: .tokens, skipping: 2)
    try await pull(registry, scratch)
    #expect(registry.requests(.tokens).count == 4)
    registry.server.clearLog()
    registry.inject(.respond(503, body: "down"), on: .tokens, times: .max)
    let words = await refusal(registry, scratch)
    #expect(
      words == "asking for a token (`\(registry.host)/app`): 503 Service Unavailable: down")
    #expect(registry.requests(.tokens).count == 4)
    registry.server.clearFaults()
    registry.server.clearLog()
    registry.inject(.close, on: .tokens, times: .max)
    let lost = await refusal(registry, scratch)
    #expect(lost.hasPrefix("asking for a token (`\(registry.host)/app`): the connection to "))
    #expect(registry.requests(.tokens).count == 4)
  }

  @Test(
    "believes no token server that talks nonsense",
    arguments: [
      "", "{}", "[]", #"{"token":""}"#, #"{"token":1}"#, #"{"token":"a\r\nX-Evil: 1"}"#,
      #"{"token":"a b"}"#, #"{"access_token":null}"#,
    ])
  func nonsense(_ answer: String) async throws {
    let registry = try registry()
    registry.inject(.respond(200, body: answer), on: .tokens)
    let words = await refusal(registry, scratch.with(password))
    #expect(
      words.hasSuffix("the registry's answer makes no sense: its token server gives no token"))
  }

  @Test(
    "takes a token whatever is said of its life",
    arguments: [
      #"{"token":"TOKEN","expires_in":9223372036854775807}"#, #"{"token":"TOKEN","expires_in":-5}"#,
      #"{"token":"TOKEN","expires_in":"soon"}"#, #"{"access_token":"TOKEN","token":""}"#,
      #"{"token":"TOKEN","expires_in":1.5}"#,
    ])
  func lifetimes(_ answer: String) async throws {
    let registry = try registry()
    registry.inject(.respond(200, body: answer), on: .tokens, times: .max)
    _ = await refusal(registry, scratch.with(password))
    #expect(registry.requests(.manifestReads).last?.headers["Authorization"] == "Bearer TOKEN")
  }

  @Test(
    "goes to no realm that is none",
    arguments: ["ftp://x/", "", "http+unix://%2Frun%2Fdocker.sock/", "/token", "javascript:1"])
  func realms(_ realm: String) async throws {
    let registry = try registry { $0.realm = realm }
    let words = await refusal(registry, scratch.with(password))
    #expect(words.hasSuffix("its challenge names no token server"))
  }

  @Test("drops the password where the token server redirects to somebody else")
  func redirectedRealm() async throws {
    let registry = try registry()
    let stranger = try ScriptedServer { _ in .text(200, #"{"token":"x"}"#) }
    registry.inject(
      .respond(307, ["Location": "http://127.0.0.1:\(stranger.port)/token"]), on: .tokens,
      times: .max)
    _ = await refusal(registry, scratch.with(password))
    #expect(!stranger.requests.isEmpty)
    #expect(stranger.requests.allSatisfy { $0.headers["Authorization"] == nil })
  }

  @Test("follows no challenge of somebody whom the registry redirects to")
  func challengedByStranger() async throws {
    let registry = try registry()
    let port = Mutex<UInt16>(0)
    let stranger = try ScriptedServer { request in
      if request.path == "/token" { return .text(200, #"{"token":"x"}"#) }
      var response = ServerResponse.text(401, "who are you?")
      let realm = "http://127.0.0.1:\(port.withLock { $0 })/token"
      response.headers["WWW-Authenticate"] = "Bearer realm=\"\(realm)\",service=\"registry.test\""
      return response
    }
    port.withLock { $0 = stranger.port }
    registry.inject(
      .respond(307, ["Location": "http://127.0.0.1:\(stranger.port)/there"]), on: .manifestReads,
      times: .max)
    let words = await refusal(registry, scratch.with(password))
    #expect(words.contains("401 Unauthorized"), "\(words)")
    #expect(stranger.requests.map(\.path) == ["/there"])
    #expect(stranger.requests.allSatisfy { $0.headers["Authorization"] == nil })
  }

  @Test("ends at once when it is cancelled, and takes nothing from the others")
  func cancellation() async throws {
    let registry = try registry()
    var scratch = scratch.with(password)
    scratch.stallLimit = StallLimit(period: .seconds(2), minimum: 1)
    let repository = try scratch.repository("\(registry.host)/app")
    registry.inject(.stall, on: .tokens)
    let first = Task { try await repository.manifest(.tag("1")) }
    try await registry.server.waits(for: .tokens)
    let second = Task { try await repository.manifest(.tag("1")) }
    first.cancel()
    await #expect(throws: CancellationError.self) { _ = try await first.value }
    #expect(registry.requests(.tokens).count == 1)
    // The request that both waited for stalls, and is made again for the one who is left.
    _ = try await second.value
    #expect(registry.requests(.tokens).count == 2)
  }

  @Test("logs in, and says why it cannot")
  func login() async throws {
    let registry = try registry()
    try await scratch.with(password).client().checkAccess(to: registry.host)
    let wrong = await failure {
      try await scratch.with(.password(username: "gopher", password: "hush")).client()
        .checkAccess(to: registry.host)
    }
    let words = wrong.map { "\($0)" } ?? ""
    #expect(words.contains("(`\(registry.host)`): 401 Unauthorized") && !words.contains("hush"))
    registry.inject(.respond(404), on: .any)
    let none = await failure { try await scratch.client().checkAccess(to: registry.host) }
    #expect((none as? RegistryError)?.status == 404)
  }
}

/// A value of a document, where it is text.
private struct JSONText: Decodable {
  let text: String?

  init(from decoder: any Decoder) throws {
    text = try? decoder.singleValueContainer().decode(String.self)
  }
}
