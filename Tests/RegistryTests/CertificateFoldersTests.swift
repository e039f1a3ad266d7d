import Registry
import SystemPackage
import TestSupport
import Testing
import Transport

@Suite("CertificateFolders")
struct CertificateFoldersTests {
  private var scratch: ConfigurationScratch

  init() throws {
    scratch = try ConfigurationScratch()
  }

  private func security(_ name: String) throws -> TransportSecurity {
    try #require(try scratch.endpoints(name).first).security
  }

  @Test("of user and system add up, the user's first")
  func order() throws {
    let folders = [
      "home/.config/docker/certs.d", "home/.docker/certs.d", "home/.config/containers/certs.d",
      "system/etc/docker/certs.d", "system/etc/containers/certs.d",
    ]
    var authorities: [FilePath] = []
    for folder in folders {
      for name in ["a.crt", "b.crt"] {
        authorities.append(try scratch.write("", to: "\(folder)/r.test:5000/\(name)"))
      }
      for name in ["readme.txt", "crt", "c.pem"] {
        try scratch.write("", to: "\(folder)/r.test:5000/\(name)")
      }
      try scratch.write("", to: "\(folder)/r.test/other.crt")
      try scratch.write("", to: "\(folder)/stray.crt")
    }
    let security = try security("r.test:5000/a")
    #expect(security.certificateAuthorities == authorities)
    #expect(security.verifiesCertificates && security.clientCertificate == nil)
    #expect(try self.security("other.test/a") == TransportSecurity())
  }

  @Test("follow the variables that move the user's settings")
  func variables() throws {
    var scratch = scratch
    scratch.environment["XDG_CONFIG_HOME"] = scratch.folder("config").string
    scratch.environment["DOCKER_CONFIG"] = scratch.folder("docker").string
    try scratch.write("", to: "home/.config/docker/certs.d/r.test/no.crt")
    try scratch.write("", to: "home/.docker/certs.d/r.test/no.crt")
    let expected = try ["config/docker", "docker", "config/containers"].map {
      try scratch.write("", to: "\($0)/certs.d/r.test/ca.crt")
    }
    let security = try #require(try scratch.endpoints("r.test/a").first).security
    #expect(security.certificateAuthorities == expected)
  }

  @Test("have pairs of certificates and keys, of which the first counts")
  func clientCertificates() throws {
    for name in ["b.cert", "b.key", "a.cert", "a.key"] {
      try scratch.write("", to: "system/etc/docker/certs.d/r.test/\(name)")
    }
    let system = scratch.folder("system/etc/docker/certs.d/r.test")
    #expect(
      try security("r.test/a").clientCertificate
        == TransportSecurity.ClientCertificate(
          certificate: system.appending("a.cert"), key: system.appending("a.key")))
    for name in ["z.cert", "z.key"] {
      try scratch.write("", to: "home/.docker/certs.d/r.test/\(name)")
    }
    let user = scratch.folder("home/.docker/certs.d/r.test")
    #expect(try security("r.test/a").clientCertificate?.key == user.appending("z.key"))
  }

  @Test("refuse the half of a pair")
  func halfPairs() throws {
    let folder = "system/etc/containers/certs.d/r.test"
    let certificate = try scratch.write("", to: "\(folder)/client.cert")
    #expect(throws: RegistryConfigurationError.noKey(certificate)) { try security("r.test/a") }
    #expect(scratch.complaint().contains("the certificate of an authority is named `*.crt`"))
    #expect(try security("x.test/a") == TransportSecurity())
    let key = try scratch.write("", to: "\(folder)/client.key")
    #expect(try security("r.test/a").clientCertificate?.certificate == certificate)
    Files.remove(certificate)
    #expect(throws: RegistryConfigurationError.noCertificate(key)) { try security("r.test/a") }
  }

  @Test("turn TLS on for what is on this machine, even when they are empty")
  func loopback() throws {
    for name in ["localhost:5000", "[::1]:5000"] {
      #expect(try scratch.pull(name + "/a") == ["http://\(name)/v2/a"])
      try scratch.folder.directory("home/.config/containers/certs.d/" + name)
      #expect(try scratch.pull(name + "/a") == ["https://\(name)/v2/a"])
    }
    #expect(try scratch.pull("localhost:5001/a") == ["http://localhost:5001/v2/a"])
  }

  @Test("count for an insecure registry too, which may ask who comes")
  func insecure() throws {
    try scratch.daemon(#"{"insecure-registries": ["r.test"]}"#)
    for name in ["c.cert", "c.key"] {
      try scratch.write("", to: "system/etc/docker/certs.d/r.test/\(name)")
    }
    let endpoints = try scratch.endpoints("r.test/a")
    #expect(endpoints[0].security.clientCertificate != nil)
    #expect(!endpoints[0].security.verifiesCertificates)
    #expect(endpoints[1].security == TransportSecurity())
  }

  @Test("of Docker Hub are named as people or as computers call it, and mirrors have their own")
  func namesOfDockerHub() throws {
    try scratch.daemon(#"{"registry-mirrors": ["https://m.test"]}"#)
    let files = try ["m.test", "docker.io", "registry-1.docker.io"].map {
      try scratch.write("", to: "system/etc/docker/certs.d/\($0)/ca.crt")
    }
    let endpoints = try scratch.endpoints("docker.io/library/a")
    #expect(endpoints[0].security.certificateAuthorities == [files[0]])
    #expect(endpoints[1].security.certificateAuthorities == Array(files[1...]))
  }

  @Test("that are files are none")
  func fileInPlaceOfFolder() throws {
    try scratch.write("", to: "system/etc/docker/certs.d")
    try scratch.write("", to: "home/.docker/certs.d/r.test")
    #expect(try security("r.test/a") == TransportSecurity())
  }

  @Test("say what cannot be read")
  func unreadable() async throws {
    let folder = try scratch.folder.directory("home/.docker/certs.d").appending("r.test")
    try await Command("ln", ["-s", "r.test", folder.string]).check()
    #expect(scratch.complaint().hasPrefix("cannot open `\(folder)`: too many levels"))
  }
}
