import Archive
import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

/// A registry that others wrote: what we send it takes, and what it gives we understand.
@Suite(
  "Debian's registry", .enabled(if: Requirement.dockerRegistry, "docker-registry is not installed"))
struct DebianRegistryTests {
  private let scratch: RegistryScratch
  private let user = BasicCredentials(user: "gopher", password: "hush:hush")

  init() throws { scratch = try RegistryScratch() }

  /// An image with layers of several kinds, one of them large enough to be interrupted.
  private func addImage(_ scratch: RegistryScratch) throws -> Descriptor {
    let small = try ["a", "b"].map { name in
      let layer = try SeedLayer.files([name: name])
      return try scratch.store.add(layer.bytes, as: layer.mediaType)
    }
    return try scratch.addImage(small + [scratch.add(noise: 3_000_000)])
  }

  /// Pushes, pulls back into another store and compares; pushes again, which sends nothing.
  private func roundTrip(_ host: String, _ scratch: RegistryScratch) async throws {
    let image = try addImage(scratch)
    let name = "\(host)/team/app:1"
    try await scratch.pusher(to: name).push(image)
    let reader = try RegistryScratch().with(settingsOf: scratch)
    let reference = try Reference(name)
    let root = try await reader.puller().resolve(reference)
    #expect(root.digest == image.digest)
    let pulled = try await reader.puller().image(
      root, platform: Platform(os: "linux", architecture: "amd64"), of: reference)
    try await reader.fetcher().fetch(pulled.parts())
    for part in try pulled.parts() {
      #expect(
        try Files.read(reader.store.path(of: part.digest))
          == Files.read(scratch.store.path(of: part.digest)))
    }
    // From another repository of the same registry, nothing is sent.
    let outcomes = OutcomeLog()
    try await scratch.pusher(to: "\(host)/team/other:1") { outcomes.add($0) }.push(image)
    #expect(outcomes.all.allSatisfy { $0 == .mounted(from: "team/app") } && outcomes.all.count == 4)
  }

  @Test("takes and gives images")
  func anonymous() async throws {
    let registry = try await DockerRegistry.start()
    try await roundTrip(registry.host, scratch)
    await registry.stop()
  }

  @Test("lets in who has its password, and says so to others")
  func passwords() async throws {
    let registry = try await DockerRegistry.start(
      DockerRegistry.Options(authentication: .password(user)))
    let right = scratch.with(.password(username: user.user, password: user.password))
    try await right.client().checkAccess(to: registry.host)
    try await roundTrip(registry.host, right)
    let wrong = scratch.with(.password(username: user.user, password: "hush"))
    let error = await failure { try await wrong.client().checkAccess(to: registry.host) }
    #expect("\(error as Any)".contains("401 Unauthorized: authentication required (UNAUTHORIZED)"))
    #expect(!"\(error as Any)".contains("hush"))
    await registry.stop()
  }

  @Test(
    "believes tokens, with a password and without one",
    .enabled(if: Requirement.tools("openssl"), "openssl is not installed"))
  func tokens() async throws {
    let server = try await TokenServer(credentials: user, allowsAnonymousPull: true)
    let registry = try await DockerRegistry.start(
      DockerRegistry.Options(authentication: .tokens(server)))
    let right = scratch.with(.password(username: user.user, password: user.password))
    try await roundTrip(registry.host, right)
    let anonymous = try RegistryScratch()
    let reference = try Reference("\(registry.host)/team/app:1")
    let root = try await anonymous.puller().resolve(reference)
    #expect(anonymous.store.contains(root))
    let error = await failure {
      try await anonymous.pusher(to: "\(registry.host)/team/app:2").push(
        anonymous.addImage([anonymous.add(noise: 10)]))
    }
    #expect((error as? RegistryError)?.status == 401, "\(error as Any)")
    #expect(!server.requests.contains { $0.target.contains("hush") })
    await registry.stop()
    server.stop()
  }

  @Test(
    "speaks TLS with a private authority, with client certificates too", arguments: [false, true])
  func security(_ wantsClientCertificate: Bool) async throws {
    let authority = try await CertificateAuthority()
    var options = DockerRegistry.Options(authority: authority)
    options.requiresClientCertificate = wantsClientCertificate
    let registry = try await DockerRegistry.start(options)
    let client = wantsClientCertificate ? try await authority.client() : nil
    let folder = scratch.settings.folder("system/etc/docker/certs.d")
    try authority.trust(for: registry.host, in: folder, client: client)
    try await roundTrip(registry.host, scratch)
    await registry.stop()
  }

  @Test("with TLS sends nobody to a token server without")
  func tokensWithoutTLS() async throws {
    let authority = try await CertificateAuthority()
    let server = try await TokenServer(credentials: user)
    let registry = try await DockerRegistry.start(
      DockerRegistry.Options(authentication: .tokens(server), authority: authority))
    try authority.trust(
      for: registry.host, in: scratch.settings.folder("system/etc/docker/certs.d"))
    let scratch = scratch.with(.password(username: user.user, password: user.password))
    let error = await failure {
      try await scratch.repository("\(registry.host)/app").manifest(.tag("1"))
    }
    #expect(
      "\(error as Any)".contains(
        "it sends for tokens to `http://127.0.0.1:\(server.server.port)/token`, which has no TLS"))
    #expect(server.requests.isEmpty)
    await registry.stop()
    server.stop()
  }

  @Test(
    "that has no TLS is spoken to without where it is called insecure", arguments: [false, true])
  func insecure(_ hasTLS: Bool) async throws {
    let authority = hasTLS ? try await CertificateAuthority() : nil
    let registry = try await DockerRegistry.start(DockerRegistry.Options(authority: authority))
    let host = "localhost:\(registry.port)"
    try scratch.settings.registries("[[registry]]\nlocation = \"\(host)\"\ninsecure = true\n")
    try await roundTrip(host, scratch)
    await registry.stop()
  }

  @Test("that has no TLS is refused where nobody called it insecure")
  func strict() async throws {
    let registry = try await DockerRegistry.start()
    let host = registry.host
    try scratch.settings.registries("[[registry]]\nlocation = \"\(host)\"\ninsecure = false\n")
    let error = await failure { try await scratch.repository("\(host)/app").manifest(.tag("1")) }
    #expect("\(error as Any)".contains("does not speak TLS; hint: "), "\(error as Any)")
    await registry.stop()
  }

  @Test(
    "passes images between us and skopeo with the same digests",
    .enabled(if: Requirement.tools("skopeo"), "skopeo is not installed"))
  func skopeo() async throws {
    let registry = try await DockerRegistry.start(
      DockerRegistry.Options(authentication: .password(user)))
    let scratch = scratch.with(.password(username: user.user, password: user.password))
    let image = try addImage(scratch)
    let arm = try scratch.addImage([scratch.add(noise: 1000, seed: 8)], architecture: "arm64")
    let index = try scratch.store.add(
      JSON.encode(ImageIndex(manifests: [image, arm])), as: .index)
    try await scratch.pusher(to: "\(registry.host)/ours:all").push(index)
    let folder = try TemporaryDirectory()
    let credentials = "\(user.user):\(user.password)"
    func skopeo(_ arguments: String...) async throws {
      try await Command(
        "skopeo",
        ["--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"] + arguments
      )
      .check()
    }
    try await skopeo(
      "--src-tls-verify=false", "--src-creds", credentials, "docker://\(registry.host)/ours:all",
      "oci:\(folder("layout")):all")
    #expect(
      Files.exists(folder("layout/blobs/sha256/\(index.digest.hex)")), "skopeo has what we pushed")
    try await skopeo(
      "--dest-tls-verify=false", "--dest-creds", credentials, "oci:\(folder("layout")):all",
      "docker://\(registry.host)/theirs:all")
    let other = try RegistryScratch().with(settingsOf: scratch)
    let reference = try Reference("\(registry.host)/theirs:all")
    let root = try await other.puller().resolve(reference)
    #expect(root.digest == index.digest, "we have what skopeo pushed")
    let images = try await other.puller().images(root, of: reference)
    try await other.fetcher().fetch(try images.flatMap { try $0.parts() })
    #expect(images.map(\.descriptor.digest) == [image.digest, arm.digest])
    await registry.stop()
  }
}

extension RegistryScratch {
  /// The same store, and the settings and credentials of another.
  fileprivate func with(settingsOf other: RegistryScratch) -> RegistryScratch {
    var copy = self
    copy.settings = other.settings
    copy.credentials = other.credentials
    return copy
  }
}

/// What became of the blobs of a push.
private final class OutcomeLog: Sendable {
  private let outcomes = Mutex<[UploadOutcome]>([])

  func add(_ event: TransferEvent) {
    if case .uploaded(_, let outcome) = event { outcomes.withLock { $0.append(outcome) } }
  }

  var all: [UploadOutcome] { outcomes.withLock { $0 } }
}
