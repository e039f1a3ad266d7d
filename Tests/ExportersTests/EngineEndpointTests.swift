import Exporters
import SystemPackage
import Testing
import Transport

@Suite("Where engines are looked for")
struct EngineEndpointTests {
  @Test(
    "a variable that is set is the only place",
    arguments: [
      (["DOCKER_HOST": "unix:///a/b.sock"], .socket("/a/b.sock"), "DOCKER_HOST"),
      (["CONTAINER_HOST": "unix:///a/b.sock"], .socket("/a/b.sock"), "CONTAINER_HOST"),
      (
        ["DOCKER_HOST": "unix:///a", "CONTAINER_HOST": "unix:///b"], .socket("/a"), "DOCKER_HOST"
      ),
      (["DOCKER_HOST": "", "CONTAINER_HOST": "unix:///b"], .socket("/b"), "CONTAINER_HOST"),
      (["DOCKER_HOST": "tcp://host"], .network("host:2375", security: nil), "DOCKER_HOST"),
      (["DOCKER_HOST": "tcp://host:99/"], .network("host:99", security: nil), "DOCKER_HOST"),
      (
        ["CONTAINER_HOST": "tcp://[::1]:99"], .network("[::1]:99", security: nil), "CONTAINER_HOST"
      ),
      (["DOCKER_HOST": "http://host:80"], .network("host:80", security: nil), "DOCKER_HOST"),
    ] as [([String: String], EngineEndpoint.Address, String)])
  func variables(
    environment: [String: String], address: EngineEndpoint.Address, variable: String
  ) throws {
    #expect(
      try EngineEndpoint.candidates(environment: environment)
        == [EngineEndpoint(address, variable: variable)])
  }

  @Test("without one, Docker's places come before Podman's")
  func places() throws {
    func places(_ environment: [String: String]) throws -> [String] {
      try EngineEndpoint.candidates(environment: environment).map(\.place)
    }
    #expect(try places([:]) == ["/var/run/docker.sock", "/run/podman/podman.sock"])
    #expect(
      try places(["XDG_RUNTIME_DIR": "/run/user/1"]) == [
        "/var/run/docker.sock", "/run/user/1/docker.sock", "/run/user/1/podman/podman.sock",
        "/run/podman/podman.sock",
      ])
  }

  @Test("certificates come from where Docker has them")
  func certificates() throws {
    func security(_ more: [String: String]) throws -> TransportSecurity? {
      let environment = more.merging(["DOCKER_HOST": "tcp://host", "HOME": "/home/me"]) { $1 }
      let endpoints = try EngineEndpoint.candidates(environment: environment)
      guard case .network(let authority, let security) = endpoints[0].address else { return nil }
      #expect(authority == (security == nil ? "host:2375" : "host:2376"))
      return security
    }
    func expected(_ folder: FilePath, verifies: Bool) -> TransportSecurity {
      TransportSecurity(
        certificateAuthorities: verifies ? [folder.appending("ca.pem")] : [],
        clientCertificate: .init(
          certificate: folder.appending("cert.pem"), key: folder.appending("key.pem")),
        verifiesCertificates: verifies)
    }
    #expect(try security([:]) == nil)
    #expect(
      try security(["DOCKER_TLS_VERIFY": "1"]) == expected("/home/me/.docker", verifies: true))
    #expect(
      try security(["DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": "/d"])
        == expected("/d", verifies: true))
    #expect(
      try security(["DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"])
        == expected("/c", verifies: true))
    #expect(try security(["DOCKER_CERT_PATH": "/c"]) == expected("/c", verifies: false))
    #expect(try security(["DOCKER_TLS_VERIFY": ""]) == nil)
  }

  @Test(
    "what is no address is said",
    arguments: ["ssh://host", "host:1", "unix://relative", "tcp://", "tcp://a/b", "tcp://u@h"])
  func malformed(text: String) {
    #expect {
      try EngineEndpoint.candidates(environment: ["DOCKER_HOST": text])
    } throws: {
      "\($0)"
        == "`DOCKER_HOST` is `\(text)`, which is no address of an engine that can be reached from "
        + "here; hint: `unix:///path/of/socket` or `tcp://host:port`; for `ssh://`, forward the "
        + "socket with `ssh -L`"
    }
  }
}
