import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("ImagePusher")
struct ImagePusherTests {
  private let scratch: RegistryScratch
  private let registry: FaultyRegistry
  private var name: String { "\(registry.host)/app:1" }

  init() throws {
    scratch = try RegistryScratch()
    registry = try FaultyRegistry()
  }

  private func addImage(_ layers: Int = 3, architecture: String = "amd64") throws -> Descriptor {
    try scratch.addImage(
      (1...layers).map { try scratch.add(noise: 200_000, seed: UInt64($0)) },
      architecture: architecture)
  }

  @Test("sends blobs, and the manifest when all of them are there")
  func order() async throws {
    let image = try addImage()
    let events = Mutex<[TransferEvent]>([])
    try await scratch.pusher(to: name) { event in events.withLock { $0.append(event) } }
      .push(image)
    #expect(registry.manifest("1", in: "app") == (try scratch.store.read(image)))
    #expect(registry.requests(.uploadEnds).count == 4)
    #expect(registry.requests.last?.method == "PUT")
    #expect(registry.requests.last?.path == "/v2/app/manifests/1")
    #expect(registry.requests(.manifestWrites).count == 1)
    let told = events.withLock { $0 }
    #expect(told.last == .manifestStored(image.digest, name: name))
    #expect(told.count == 5)
  }

  @Test("costs one request where the image is there already")
  func nothingToDo() async throws {
    let image = try addImage()
    try await scratch.pusher(to: name).push(image)
    registry.server.clearLog()
    try await scratch.pusher(to: name).push(image)
    #expect(registry.course == ["HEAD 200"])
  }

  @Test("sends only what is new, and each blob once")
  func increments() async throws {
    try await scratch.pusher(to: name).push(addImage(2))
    registry.server.clearLog()
    try await scratch.pusher(to: name).push(addImage(3))
    #expect(registry.requests(.uploadEnds).count == 2, "a layer and a configuration")
    let layer = try scratch.add(noise: 1000, seed: 9)
    registry.server.clearLog()
    let pusher = try scratch.pusher(to: "\(registry.host)/app:2")
    for _ in 0..<5 { pusher.begin(layer) }
    try await pusher.push(scratch.addImage([layer, layer]))
    #expect(registry.requests(.uploadEnds).count == 2)
  }

  @Test("mounts what it pushed or pulled elsewhere in the registry")
  func mounts() async throws {
    let image = try addImage()
    try await scratch.pusher(to: "\(registry.host)/base:1").push(image)
    registry.server.clearLog()
    try await scratch.pusher(to: name).push(image)
    #expect(registry.requests(.uploadEnds).isEmpty)
    #expect(registry.requests(.uploadBeginnings).allSatisfy { $0.query["from"] == "base" })
    #expect(registry.descriptor("1", in: "app")?.digest == image.digest)
  }

  @Test("sends an index after its images, and those by their digests")
  func indexes() async throws {
    let images = try ["amd64", "arm64"].map { try addImage(2, architecture: $0) }
    let index = try scratch.store.add(
      JSON.encode(ImageIndex(manifests: images)), as: .index)
    try await scratch.pusher(to: name).push(index)
    #expect(registry.descriptor("1", in: "app")?.digest == index.digest)
    #expect(
      registry.requests(.manifestWrites).map { $0.path }
        == (images.map { "\($0.digest)" } + ["1"]).map {
          "/v2/app/manifests/\($0)"
        })
    #expect(registry.tags(in: "app") == ["1"])
    registry.server.clearLog()
    let more = try scratch.store.add(
      JSON.encode(
        ImageIndex(manifests: images + [try addImage(1, architecture: "riscv64")])), as: .index)
    try await scratch.pusher(to: name).push(more)
    #expect(registry.requests(.manifestWrites).count == 2)
  }

  @Test("copies from registry to registry what is not here")
  func copies() async throws {
    let source = try FaultyRegistry()
    let one = try source.addImage([.files(["a": "a"])], to: "app", tag: "1")
    let two = try source.addImage(
      [.files(["b": "b"])],
      configuration: ImageConfiguration(
        platform: Platform(os: "linux", architecture: "arm64")), to: "app")
    let index = try source.addIndex(of: [one, two], to: "app", tag: "all")
    let from = try Reference("\(source.host)/app:all")
    let root = try await scratch.puller().resolve(from)
    source.inject(.truncate(afterSending: 10), on: .blobReads, times: 2)
    registry.inject(.reset(afterReceiving: 10), on: .uploadEnds, times: 2)
    try await scratch.pusher(to: name).push(root, source: from)
    #expect(registry.manifest("1", in: "app") == source.manifest("all", in: "app"))
    #expect(registry.descriptor("1", in: "app")?.digest == index.digest)
  }

  @Test("says what is missing, and names nothing then")
  func missing() async throws {
    let layer = Descriptor(of: noise(10), as: .layer)
    let error = await failure { try await scratch.pusher(to: name).push(scratch.addImage([layer])) }
    #expect(
      "\(error as Any)".contains(
        "`\(layer.digest)` is not in the local store, and no registry is known to have it; hint: "))
    #expect(registry.requests(.manifestWrites).isEmpty)
  }

  @Test("names nothing where a blob is refused, and does not wait for the others")
  func refusedBlob() async throws {
    let image = try addImage()
    let layers = try Image(image, in: scratch.store).manifest().layers
    registry.inject(.stall(afterReceiving: 1000), on: .uploadEnds)
    registry.inject(
      .respond(403, code: "DENIED", message: "no"),
      on: .matching(method: "HEAD", path: "\(layers[2].digest)"))
    let error = await failure { try await scratch.pusher(to: name).push(image) }
    #expect((error as? RegistryError)?.status == 403)
    #expect(registry.requests(.manifestWrites).isEmpty)
    #expect(try await registry.server.becomesIdle())
  }

  @Test("says why the manifest is refused")
  func refusedManifest() async throws {
    registry.inject(
      .respond(400, code: "MANIFEST_INVALID", message: "too old"), on: .manifestWrites)
    let error = await failure { try await scratch.pusher(to: name).push(addImage()) }
    #expect(
      "\(error as Any)".contains(
        "storing the manifest `1` (`\(registry.host)/app`): 400 Bad Request: too old"))
  }

  @Test("ends at once when it is cancelled, wherever it is", arguments: [0, 1, 2, 3])
  func cancellation(_ step: Int) async throws {
    let patterns = [
      RequestPattern.matching(method: "HEAD", path: "/manifests/"), .blobChecks, .uploadEnds,
      .manifestWrites,
    ]
    registry.inject(.stall, on: patterns[step], times: .max)
    let image = try addImage(6)
    let pusher = try scratch.pusher(to: name)
    let task = Task { try await pusher.push(image) }
    try await registry.server.waits(for: patterns[step])
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // What remains are connections without a request.
    #expect(try await registry.server.becomesIdle(4))
    // What is begun late comes to nothing.
    registry.server.clearFaults()
    registry.server.clearLog()
    pusher.begin(try scratch.add(noise: 10, seed: 77))
    await pusher.stop()
    #expect(registry.requests.isEmpty)
  }

  @Test("stops what was begun for an image that does not come")
  func stopped() async throws {
    registry.inject(.stall(afterReceiving: 10), on: .uploadEnds, times: .max)
    let pusher = try scratch.pusher(to: name)
    for seed in 1...6 { pusher.begin(try scratch.add(noise: 100_000, seed: UInt64(seed))) }
    try await registry.server.waits(for: .uploadEnds, count: 4)
    await pusher.stop()
    #expect(try await registry.server.becomesIdle())
    #expect(registry.requests(.uploadEnds).count == 4)
  }
}
