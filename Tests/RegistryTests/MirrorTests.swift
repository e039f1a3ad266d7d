import OCI
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("Mirrors")
struct MirrorTests {
  private let scratch: RegistryScratch
  private let mirror: FaultyRegistry
  private let registry: FaultyRegistry
  private let image: Descriptor

  init() throws {
    scratch = try RegistryScratch()
    mirror = try FaultyRegistry()
    registry = try FaultyRegistry()
    let layer = try SeedLayer.files(["a": "a"])
    image = try registry.addImage([layer], to: "app", tag: "1")
    try mirror.addImage([layer], to: "copies/app", tag: "1")
    try scratch.settings.registries(
      """
      [[registry]]
      prefix = "\(registry.host)"
      location = "\(registry.host)"
      [[registry.mirror]]
      location = "\(mirror.host)/copies"
      """)
  }

  private func repository() throws -> RemoteRepository {
    try scratch.repository("\(registry.host)/app")
  }

  private func layer() async throws -> Descriptor {
    let manifest = try await repository().manifest(.tag("1"))
    return try #require(try JSON.decode(Manifest.self, from: manifest.bytes).layers.first)
  }

  @Test("are asked first, and alone where they have what is wanted")
  func first() async throws {
    let layer = try await layer()
    try await scratch.fetch(layer, from: repository())
    #expect(mirror.course == ["GET 200", "GET 200"])
    #expect(mirror.requests.allSatisfy { $0.path.hasPrefix("/v2/copies/app/") })
    #expect(registry.requests.isEmpty)
  }

  @Test("that lack something, refuse or fail are passed over")
  func passedOver() async throws {
    for fault in [
      Fault.respond(404), .respond(401), .respond(403), .respond(500), .reset, .garbage,
      .respond(429, ["Retry-After": "60"]), .respond(302, ["Location": "ftp://x/"]),
    ] {
      registry.server.clearLog()
      mirror.inject(fault, on: .any, times: .max)
      #expect(try await repository().manifest(.tag("1")).descriptor.digest == image.digest)
      #expect(registry.course == ["GET 200"])
      mirror.server.clearFaults()
    }
    mirror.stop()
    #expect(try await repository().manifest(.tag("1")).descriptor.digest == image.digest)
  }

  @Test("that are damaged cost time and no more")
  func damaged() async throws {
    let layer = try await layer()
    mirror.inject(.flipBit(at: 3), on: .blobReads, times: .max)
    try await scratch.fetch(layer, from: repository())
    #expect(scratch.store.contains(layer))
    #expect(mirror.requests(.blobReads).count == 2 && registry.requests(.blobReads).count == 1)
  }

  @Test("that break off are gone on from at the registry")
  func goneOn() async throws {
    let blob = try registry.addNoise(megabytes: 2)
    _ = try mirror.addNoise(megabytes: 2, to: "copies/app")
    mirror.inject(.truncate(afterSending: 1_000_000), on: .blobReads)
    mirror.inject(.respond(404), on: .blobReads, times: .max, skipping: 1)
    try await scratch.fetch(blob, from: repository())
    let request = try #require(registry.requests.first)
    #expect(
      request.status == 206 && request.sent >= blob.size - 1_000_000 && request.sent < blob.size)
  }

  @Test("are not the ones to blame in the end")
  func blame() async throws {
    mirror.inject(.respond(404), on: .any, times: .max)
    registry.inject(.respond(403), on: .any, times: .max)
    let error = await failure { try await repository().manifest(.tag("1")) }
    #expect((error as? RegistryError)?.status == 403)
  }

  @Test("are never pushed to, and never see the registry's credentials")
  func pushes() async throws {
    let scratch = scratch
    let own = try scratch.addImage([scratch.add(noise: 1000)])
    try await scratch.pusher(to: "\(registry.host)/app:2").push(own)
    #expect(mirror.requests.isEmpty)
    var file = try CredentialScratch()
    file.environment["HOME"] = file.folder("home").string
    _ = try await file.store.save(
      .password(username: "gopher", password: "hush"), for: registry.host)
    var other = scratch
    other.credentials = .stored(file.store)
    mirror.inject(
      .respond(401, ["WWW-Authenticate": "Basic realm=\"x\""]), on: .any, times: .max)
    _ = try await other.repository("\(registry.host)/app").manifest(.tag("1"))
    #expect(!mirror.requests.isEmpty)
    #expect(mirror.requests.allSatisfy { $0.headers["Authorization"] == nil })
  }
}
