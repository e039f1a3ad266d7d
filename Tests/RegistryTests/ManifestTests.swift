import OCI
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("Manifests of a registry")
struct ManifestTests {
  private let scratch: RegistryScratch
  private let registry: FaultyRegistry
  private let image: Descriptor

  init() throws {
    scratch = try RegistryScratch()
    registry = try FaultyRegistry()
    image = try registry.addImage([.files(["a": "a"])], to: "app", tag: "1")
  }

  private func repository() throws -> RemoteRepository {
    try scratch.repository("\(registry.host)/app")
  }

  private func words(_ reference: ManifestReference = .tag("1")) async -> String {
    let error = await failure { try await repository().manifest(reference) }
    return error.map { "\($0)" } ?? "no error"
  }

  @Test("come by tag and by digest, with the type that they have")
  func fetching() async throws {
    let docker = try registry.addImage([], format: .docker, to: "app", tag: "2")
    let index = try registry.addIndex(of: [image], to: "app", tag: "3")
    let repository = try repository()
    for (tag, expected) in [("1", image), ("2", docker), ("3", index)] {
      let byTag = try await repository.manifest(.tag(tag))
      #expect(byTag.bytes == registry.manifest(tag, in: "app"))
      #expect(byTag.descriptor.mediaType == expected.mediaType)
      #expect(byTag.descriptor.digest == expected.digest)
      let byDigest = try await repository.manifest(.digest(expected.digest))
      #expect(byDigest.bytes == byTag.bytes && byDigest.descriptor == byTag.descriptor)
      #expect(try await repository.describeManifest(.tag(tag)) == byTag.descriptor)
    }
    #expect(try await repository.describeManifest(.tag("none")) == nil)
  }

  @Test("that are not there are named, with what the registry says")
  func missing() async throws {
    let words = await words(.tag("none"))
    #expect(
      words.hasPrefix("fetching the manifest `none` (`\(registry.host)/app`): 404 Not Found: "))
    #expect(words.hasSuffix(" (MANIFEST_UNKNOWN); hint: check the name and the tag"))
    #expect(registry.requests.count == 1)
  }

  @Test(
    "that are refused are refused once, with the registry's words",
    arguments: [
      (400, "400 Bad Request"), (403, "403 Forbidden"), (418, "418"),
      (451, "451"), (501, "501 Not Implemented"),
    ])
  func refused(_ status: Int, _ name: String) async throws {
    registry.inject(
      .respond(status, code: "DENIED", message: "not\u{1b}[31m today"), on: .any, times: .max)
    let words = await words()
    #expect(words.hasPrefix("fetching the manifest `1` (`\(registry.host)/app`): \(name): not"))
    #expect(words.contains("today (DENIED)"))
    #expect(!words.contains("\u{1b}"))
    #expect(registry.requests.count == 1)
  }

  @Test(
    "are asked for again where that may help, so often and no more",
    arguments: [408, 429, 500, 502, 503, 504])
  func transient(_ status: Int) async throws {
    registry.inject(.respond(status, body: "later\nmore"), on: .any, times: 3)
    #expect(try await repository().manifest(.tag("1")).descriptor.digest == image.digest)
    #expect(registry.requests.count == 4)
    registry.server.clearLog()
    registry.inject(.respond(status, body: "later\nmore"), on: .any, times: .max)
    let words = await words()
    #expect(words.hasPrefix("fetching the manifest `1` (`\(registry.host)/app`): \(status) "))
    #expect(words.contains(": later"))
    #expect(!words.contains("more"))
    #expect(registry.requests.count == 4)
  }

  @Test("are not waited for longer than is sensible")
  func retryAfter() async throws {
    registry.inject(.respond(429, ["Retry-After": "0"]), on: .any, times: 3)
    _ = try await repository().manifest(.tag("1"))
    #expect(registry.requests.count == 4)
    registry.server.clearLog()
    registry.inject(.respond(429, ["Retry-After": "3600"]), on: .any, times: .max)
    let words = await words()
    #expect(words.contains("429 Too Many Requests; hint: wait, or "))
    #expect(registry.requests.count == 1)
  }

  @Test("come after connections that break, and an error says which one was lost")
  func connections() async throws {
    registry.inject(.reset, on: .any)
    registry.inject(.truncate(afterSending: 10), on: .any, skipping: 1)
    registry.inject(.garbage, on: .any, skipping: 2)
    _ = try await repository().manifest(.tag("1"))
    #expect(registry.requests.count == 4)
    registry.stop()
    let words = await words()
    #expect(
      words
        == "fetching the manifest `1` (`\(registry.host)/app`): cannot connect to "
        + "`http://\(registry.host)/v2/app/manifests/1`: connection refused")
  }

  @Test("that are not what their digest says are asked for again, and then refused")
  func wrongDigest() async throws {
    registry.inject(.flipBit(at: 5), on: .any)
    _ = try await repository().manifest(.digest(image.digest))
    #expect(registry.requests.count == 2)
    registry.inject(.flipBit(at: 5), on: .any, times: .max)
    for reference in [ManifestReference.digest(image.digest), .tag("1")] {
      let words = await words(reference)
      #expect(words.contains("the registry sent something with the digest `sha256:"))
      #expect(words.contains("for `\(image.digest)`; hint: "))
    }
  }

  @Test("are what their bytes say, whatever the server calls them")
  func contentTypes() async throws {
    for type in ["text/html", nil, MediaType.index.rawValue, "application/json"] {
      registry.inject(.header("Content-Type", type), on: .any)
      #expect(
        try await repository().manifest(.tag("1")).descriptor.mediaType == .manifest)
    }
  }

  @Test(
    "that are no images are refused by name",
    arguments: [
      (#"{"schemaVersion":1,"name":"a","fsLayers":[]}"#, "Docker's old schema 1"),
      (#"{"mediaType":"application/x-evil\u001b","config":{},"layers":[]}"#, "which is no image"),
      ("<html>Log in to the hotel's network</html>", "it is neither manifest nor index"),
      (#"{"manifests":[],"config":{},"layers":[]}"#, "it is neither manifest nor index"),
    ])
  func others(_ body: String, _ words: String) async throws {
    registry.inject(.body(Array(body.utf8)), on: .any)
    registry.inject(.header("Docker-Content-Digest", nil), on: .any)
    let error = await self.words()
    #expect(error.contains(words), "\(error)")
    #expect(!error.contains("\u{1b}"))
    #expect(registry.requests.count == 1)
  }

  @Test("that are too large are not read")
  func tooLarge() async throws {
    registry.inject(.body([UInt8](repeating: 32, count: 9 << 20)), on: .any, times: .max)
    #expect(await words().hasSuffix("is larger than \(8 << 20) bytes"))
    #expect(registry.requests.count == 1)
  }

  @Test("go up under a tag or their digest, and the answer's digest must be theirs")
  func storing() async throws {
    let bytes = try #require(registry.manifest("1", in: "app"))
    let repository = try repository()
    try await repository.put(manifest: bytes, .manifest, as: .tag("2"))
    try await repository.put(manifest: bytes, .manifest, as: .digest(image.digest))
    #expect(registry.tags(in: "app") == ["1", "2"])
    registry.inject(
      .header("Docker-Content-Digest", "\(Digest.sha256(of: []))"), on: .manifestWrites)
    let error = await failure {
      try await repository.put(manifest: bytes, .manifest, as: .tag("3"))
    }
    #expect("\(error as Any)".contains("storing the manifest `3`"))
    let invalid = await failure {
      try await repository.put(manifest: Array("{}".utf8), .manifest, as: .tag("4"))
    }
    #expect("\(invalid as Any)".contains("400 Bad Request: "))
    #expect("\(invalid as Any)".contains("(MANIFEST_INVALID)"))
  }

  @Test("are resolved without being fetched again, where their tag has not moved")
  func resolving() async throws {
    let reference = try Reference("\(registry.host)/app:1")
    let puller = try scratch.puller()
    let first = try await puller.resolve(reference)
    #expect(registry.course == ["GET 200"])
    #expect(try await puller.resolve(reference, known: first) == first)
    #expect(registry.course == ["GET 200", "HEAD 200"])
    let pinned = try Reference("\(registry.host)/app@\(image.digest)")
    #expect(try await puller.resolve(pinned).digest == image.digest)
    #expect(registry.requests.count == 2)
    let other = try registry.addImage([], to: "app", tag: "1")
    #expect(try await puller.resolve(reference, known: first).digest == other.digest)
  }

  @Test("of one platform come with their configuration, and without layers")
  func platforms() async throws {
    let arm = try registry.addImage(
      [.files(["arch": "arm64"])],
      configuration: ImageConfiguration(
        platform: Platform(os: "linux", architecture: "arm64")), to: "app")
    let index = try registry.addIndex(of: [image, arm], to: "app", tag: "all")
    let reference = try Reference("\(registry.host)/app:all")
    let puller = try scratch.puller()
    let root = try await puller.resolve(reference)
    #expect(root.digest == index.digest)
    let chosen = try await puller.image(
      root, platform: Platform(os: "linux", architecture: "arm64"), of: reference)
    #expect(chosen.descriptor.digest == arm.digest)
    #expect(try chosen.configuration().platform.architecture == "arm64")
    #expect(registry.course == ["GET 200", "GET 200", "GET 200"])
    let missing = await failure {
      try await puller.image(
        root, platform: Platform(os: "linux", architecture: "s390x"), of: reference)
    }
    #expect(missing is ImageError)
    #expect(try await puller.images(root, of: reference).count == 2)
    for layer in try chosen.manifest().layers { #expect(!scratch.store.contains(layer)) }
  }
}
