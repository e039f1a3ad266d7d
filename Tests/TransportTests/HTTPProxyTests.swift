import TestSupport
import Testing

@testable import Transport

@Suite("Proxies")
struct HTTPProxyTests {
  private func environment(_ proxy: ForwardProxy) -> [String: String] {
    ["HTTP_PROXY": proxy.url, "HTTPS_PROXY": proxy.url]
  }

  private func makeServer() throws -> ScriptedServer {
    try ScriptedServer { request in
      .text(200, "\(request.headers["Proxy-Authorization"] ?? "nothing") \(request.path)")
    }
  }

  private static let credentials = BasicCredentials(user: "gopher", password: "p:w@%")

  @Test("carry requests, with credentials where they want some", arguments: [false, true])
  func plain(_ wantsCredentials: Bool) async throws {
    let server = try makeServer()
    let proxy = try ForwardProxy(
      hosts: ["r.test": server.port],
      credentials: wantsCredentials ? HTTPProxyTests.credentials : nil)
    // In a URL, the password is escaped.
    let address =
      wantsCredentials ? "http://gopher:p%3Aw%40%25@127.0.0.1:\(proxy.server.port)" : proxy.url
    let probe = TransportProbe(environment: ["HTTP_PROXY": address])
    let answer = try await probe.get("http://r.test:5000/a")
    #expect(answer.status == 200)
    #expect(answer.text == "nothing /a", "the credentials are for the proxy alone")
    #expect(proxy.requests.count >= 1)
  }

  @Test("are not asked for what NO_PROXY names and for this machine")
  func exceptions() async throws {
    let server = try makeServer()
    let proxy = try ForwardProxy(hosts: ["r.test": server.port])
    let probe = TransportProbe(environment: environment(proxy))
    #expect(try await probe.get("http://127.0.0.1:\(server.port)/a").status == 200)
    #expect(try await probe.get("http://localhost:\(server.port)/a").status == 200)
    #expect(proxy.requests.isEmpty)
    var settings = environment(proxy)
    settings["NO_PROXY"] = "invalid"
    let direct = TransportProbe(environment: settings)
    let failure = try await direct.failure(of: "http://r.invalid/")
    #expect(failure?.problem == .unresolvable(host: "r.invalid"))
    #expect(proxy.requests.isEmpty)
  }

  @Test("that refuse say so, and nothing of the password")
  func refusals() async throws {
    let proxy = try ForwardProxy(credentials: HTTPProxyTests.credentials)
    let wrong = TransportProbe(
      environment: ["HTTP_PROXY": "http://gopher:hush@127.0.0.1:\(proxy.server.port)"])
    let refused = try #require(try await wrong.failure(of: "http://r.test/?q=hush"))
    #expect(
      refused.description
        == "the proxy on the way to `http://r.test/` refuses: it wants a user and a password")
    #expect(!refused.isTransient)
    let open = try ForwardProxy()
    let probe = TransportProbe(environment: environment(open))
    let lost = try #require(try await probe.failure(of: "http://r.test/"))
    #expect(lost.description.contains("the proxy on the way to `http://r.test/` refuses"))
    let port = try UnusedPort()
    let absent = TransportProbe(environment: ["HTTP_PROXY": "http://127.0.0.1:\(port.number)"])
    let gone = try #require(try await absent.failure(of: "http://r.test/"))
    #expect(gone.isFailureToConnect)
  }

  @Test(
    "tunnel TLS, which they cannot look into",
    .enabled(if: Requirement.tools("openssl"), "openssl is not installed"))
  func tunnels() async throws {
    let authority = try await CertificateAuthority()
    let server = try await TLSServer.start(authority.server(names: ["r.test"]))
    for credentials in [nil, BasicCredentials(user: "gopher", password: "pw")] {
      let proxy = try ForwardProxy(hosts: ["r.test": server.port], credentials: credentials)
      let probe = TransportProbe(environment: environment(proxy))
      var request = HTTPRequest(.get, try #require(HTTPURL("https://r.test/secret?q=hush")))
      request.security.certificateAuthorities = [authority.certificate]
      #expect(try await probe.ask(request).status == 200)
      #expect(proxy.targets == ["r.test:443"])
      #expect(!proxy.requests.contains { $0.headers.description.contains("hush") })
    }
    await server.stop()
  }
}
