import SystemPackage
import TestSupport
import Testing

@testable import Transport

@Suite("TLS", .enabled(if: Requirement.tools("openssl"), "openssl is not installed"))
struct TransportSecurityTests {
  private let probe = TransportProbe()

  private func request(
    _ port: UInt16, host: String = "127.0.0.1", trusting authorities: [FilePath] = []
  ) throws -> HTTPRequest {
    var request = HTTPRequest(.get, try #require(HTTPURL("https://\(host):\(port)/?sig=hush")))
    request.security.certificateAuthorities = authorities
    return request
  }

  /// What an exchange that must fail says, without where.
  private func words(
    _ request: HTTPRequest, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let failure = try #require(
      await probe.failure(request), sourceLocation: sourceLocation)
    #expect(!failure.description.contains("hush"), sourceLocation: sourceLocation)
    return failure.description
  }

  @Test("trusts a private authority for whom it is named, and nobody else")
  func privateAuthority() async throws {
    let authority = try await CertificateAuthority()
    let server = try await TLSServer.start(authority.server())
    let trusted = try request(server.port, trusting: [authority.certificate])
    #expect(try await probe.ask(trusted).status == 200)
    #expect(
      try await probe.ask(
        request(server.port, host: "localhost", trusting: [authority.certificate])
      ).status == 200)
    let other = try await CertificateAuthority(named: "Another authority")
    for authorities in [[], [other.certificate]] {
      #expect(
        try await words(request(server.port, trusting: authorities)).contains(
          "its certificate has expired, or is not signed by a known authority; hint: "))
    }
    // An accepted connection is for those alone who accept it.
    #expect(try await probe.ask(trusted).status == 200)
    #expect(await probe.failure(try request(server.port)) != nil)
    var unverified = try request(server.port)
    unverified.security.verifiesCertificates = false
    #expect(try await probe.ask(unverified).status == 200)
    await server.stop()
  }

  @Test("takes the system's authorities from where OpenSSL's variables say")
  func systemAuthorities() async throws {
    let authority = try await CertificateAuthority()
    let server = try await TLSServer.start(authority.server())
    let probe = TransportProbe(environment: ["SSL_CERT_FILE": authority.certificate.string])
    #expect(try await probe.ask(request(server.port)).status == 200)
    await server.stop()
  }

  @Test("refuses a certificate for other names, also of an authority that it trusts")
  func wrongHost() async throws {
    let authority = try await CertificateAuthority()
    let server = try await TLSServer.start(authority.server(names: ["r.test", "10.0.0.1"]))
    for host in ["127.0.0.1", "localhost"] {
      let failure = try await words(
        request(server.port, host: host, trusting: [authority.certificate]))
      #expect(failure.contains("its certificate is for other names"), "\(failure)")
    }
    await server.stop()
  }

  @Test("refuses an expired certificate")
  func expired() async throws {
    let folder = try TemporaryDirectory()
    let (certificate, key) = try await makeExpiredCertificate(in: folder)
    let server = try await TLSServer.start(certificate, key: key)
    let failure = try await words(request(server.port, trusting: [certificate]))
    #expect(failure.contains("its certificate has expired"), "\(failure)")
    await server.stop()
  }

  @Test("shows a client certificate to who wants one, and says where one is missing")
  func clientCertificates() async throws {
    let authority = try await CertificateAuthority()
    let server = try await TLSServer.start(
      authority.server(), clients: authority.certificate)
    let own = try await authority.client()
    var request = try request(server.port, trusting: [authority.certificate])
    let missing = try await words(request)
    #expect(missing.contains("it wants a client certificate that it knows; hint: "), "\(missing)")
    request.security.clientCertificate = TransportSecurity.ClientCertificate(
      certificate: own.certificate, key: own.key)
    #expect(try await probe.ask(request).status == 200)
    let other = try await CertificateAuthority(named: "Another authority")
    let stranger = try await other.client()
    request.security.clientCertificate = TransportSecurity.ClientCertificate(
      certificate: stranger.certificate, key: stranger.key)
    let refused = try await words(request)
    #expect(refused.contains("it wants a client certificate that it knows"), "\(refused)")
    await server.stop()
  }

  @Test("says which file cannot be used")
  func unreadable() async throws {
    let folder = try TemporaryDirectory()
    let junk = try folder.write("-----BEGIN JUNK-----\n", to: "ca.crt")
    for path in [junk, folder("missing.crt")] {
      let failure = try await words(request(1, trusting: [path]))
      #expect(failure.hasPrefix("`\(path)` cannot be used for TLS: "), "\(failure)")
    }
  }

  @Test(
    "tells a server without TLS from one with a bad certificate",
    .enabled(if: Requirement.dockerRegistry, "Debian's registry is not installed"))
  func notTLS() async throws {
    let registry = try await DockerRegistry.start()
    let failure = try #require(await probe.failure(request(registry.port)))
    #expect(failure.problem == .notTLS)
    #expect(failure.description.contains("does not speak TLS; hint: "))
    #expect(failure.isFailureToConnect && !failure.isTransient)
    await registry.stop()
  }

  @Test("does not follow a redirect that leaves TLS, but one that stays")
  func downgrade() async throws {
    let authority = try await CertificateAuthority()
    let folder = try TemporaryDirectory()
    let server = try await TLSServer.start(authority.server(), answersIn: folder.path)
    let plain = try ScriptedServer { _ in .text(200, "plain") }
    func answer(_ location: String) -> String {
      "HTTP/1.0 302 Found\r\nLocation: \(location)\r\n\r\n"
    }
    try folder.write(answer("http://127.0.0.1:\(plain.port)/x?sig=hush"), to: "leave")
    try folder.write(answer("/end"), to: "stay")
    try folder.write("HTTP/1.0 200 OK\r\n\r\nsecure", to: "end")
    func request(_ path: String) throws -> HTTPRequest {
      var request = HTTPRequest(
        .get, try #require(HTTPURL("https://127.0.0.1:\(server.port)/\(path)")))
      request.security.certificateAuthorities = [authority.certificate]
      return request
    }
    #expect(try await probe.ask(request("stay")).text == "secure")
    #expect(
      try await words(request("leave"))
        == "`https://127.0.0.1:\(server.port)/leave` redirects to "
        + "`http://127.0.0.1:\(plain.port)/x`, which has no TLS")
    #expect(plain.requests.isEmpty)
    await server.stop()
  }
}
