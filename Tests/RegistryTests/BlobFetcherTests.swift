import Archive
import OCI
import Snapshots
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("BlobFetcher")
struct BlobFetcherTests {
  private let scratch: RegistryScratch
  private let registry: FaultyRegistry

  init() throws {
    scratch = try RegistryScratch()
    registry = try FaultyRegistry()
  }

  /// Blobs that are known to be in the registry.
  private func addBlobs(_ count: Int, megabytes: Int = 1) throws -> [Descriptor] {
    let blobs = try (1...count).map {
      try registry.addNoise(megabytes: megabytes, seed: UInt64($0))
    }
    scratch.origins.note(blobs.map(\.digest), in: try Reference("\(registry.host)/app"))
    return blobs
  }

  @Test("fetches several blobs at once, each once, and nothing that is there")
  func several() async throws {
    let blobs = try addBlobs(6)
    let fetcher = try scratch.fetcher()
    let fetched = Mutex<[Digest]>([])
    fetcher.observe { event in
      if case .fetched(let blob) = event { fetched.withLock { $0.append(blob.digest) } }
    }
    try await fetcher.fetch(blobs + blobs)
    for blob in blobs { #expect(scratch.store.contains(blob)) }
    #expect(registry.requests.count == 6)
    #expect(Set(fetched.withLock { $0 }) == Set(blobs.map(\.digest)))
    try await fetcher.fetch(blobs)
    #expect(registry.requests.count == 6)
  }

  @Test("has so many blobs on their way at once, and no more")
  func bounded() async throws {
    let blobs = try addBlobs(6)
    registry.inject(.stall(afterSending: 1000), on: .any, times: .max)
    let fetcher = try scratch.fetcher()
    fetcher.begin(blobs)
    try await registry.server.waits(for: .any, count: 4)
    #expect(registry.requests.count == 4)
    await fetcher.stop()
    #expect(registry.requests.count == 4)
    #expect(try await registry.server.becomesIdle())
  }

  @Test("fetches a blob once, however many want it, in whatever way")
  func once() async throws {
    let blob = try addBlobs(1)[0]
    let fetcher = try scratch.fetcher()
    registry.inject(.drip(64 << 10, every: 2), on: .any)
    fetcher.begin([blob])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<9 {
        group.addTask {
          switch number % 3 {
          case 0: try await fetcher.fetch([blob])
          case 1: try await BlockingWork.run { try fetcher.require(blob) }
          default:
            let bytes = try await BlockingWork.run { try read(fetcher.open(blob)) }
            #expect(Digest.sha256(of: bytes) == blob.digest)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(registry.requests.count == 1)
    // What has come by now is not fetched again for who asks late.
    #expect(try await BlockingWork.run { try read(fetcher.open(blob)) }.count == 1 << 20)
    #expect(registry.requests.count == 1)
  }

  @Test("tells everybody who waits why a blob does not come, and does not try again for each")
  func failures() async throws {
    let blob = try addBlobs(1)[0]
    registry.inject(.respond(403, code: "DENIED", message: "no"), on: .any, times: .max)
    let fetcher = try scratch.fetcher()
    fetcher.begin([blob])
    for _ in 0..<3 {
      let errors = [
        await failure { try await fetcher.fetch([blob]) },
        await failure { try await BlockingWork.run { try fetcher.require(blob) } },
        await failure { try await BlockingWork.run { try read(fetcher.open(blob)) } },
      ]
      for error in errors { #expect((error as? RegistryError)?.status == 403) }
    }
    #expect(registry.requests.count == 1)
    let nowhere = Descriptor(of: [1, 2, 3], as: .layer)
    await #expect(throws: ContentError.self) { try await fetcher.fetch([nowhere]) }
    #expect(throws: ContentError.self) { try fetcher.open(nowhere) }
    fetcher.begin([nowhere])
  }

  @Test("asks another repository that has the blob, and goes on there")
  func otherRepositories() async throws {
    let blob = try registry.addNoise(megabytes: 2)
    let other = try FaultyRegistry()
    _ = try other.addNoise(megabytes: 2)
    scratch.origins.note([blob.digest], in: try Reference("\(registry.host)/app"))
    scratch.origins.note([blob.digest], in: try Reference("\(other.host)/app"))
    other.inject(.truncate(afterSending: 1_000_000), on: .any)
    other.inject(.respond(404), on: .any, times: .max, skipping: 1)
    try await scratch.fetcher().fetch([blob])
    #expect(scratch.store.contains(blob))
    let request = try #require(registry.requests.first)
    #expect(request.status == 206 && request.sent < blob.size)
  }

  @Test("stops a blob when the last who waits for it goes, and not before")
  func cancellation() async throws {
    let blob = try addBlobs(1)[0]
    registry.inject(.stall(afterSending: 1000), on: .any)
    let fetcher = try scratch.fetcher()
    let first = Task { try await fetcher.fetch([blob]) }
    let second = Task { try await fetcher.fetch([blob]) }
    try await registry.server.waits(for: .any)
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(registry.server.connectionCount == 1)
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    #expect(try await registry.server.becomesIdle())
    // That was no failure: it is tried again, from where it was.
    try await fetcher.fetch([blob])
    #expect(scratch.store.contains(blob))
  }

  @Test("lets one who fails not wait for the others")
  func firstFailure() async throws {
    let blobs = try addBlobs(2)
    registry.inject(.stall(afterSending: 1000), on: .read(of: blobs[0].digest))
    registry.inject(.respond(403), on: .read(of: blobs[1].digest))
    let error = await failure { try await scratch.fetcher().fetch(blobs) }
    #expect((error as? RegistryError)?.status == 403)
    #expect(try await registry.server.becomesIdle())
  }

  @Test("shares a store with other processes, of which each may be the first")
  func twoAtOnce() async throws {
    let blobs = try addBlobs(3)
    let fetchers = try (0..<3).map { _ in try scratch.fetcher() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for fetcher in fetchers { group.addTask { try await fetcher.fetch(blobs) } }
      try await group.waitForAll()
    }
    for blob in blobs {
      #expect(
        try Digest.sha256(of: Files.read(scratch.store.path(of: blob.digest))) == blob.digest)
    }
    #expect(scratch.leftovers == [])
  }

  // MARK: - Layers

  /// A layer of many files that is known to be in the registry, and is in a layer store already.
  private func adoptLayer(
    _ fetcher: BlobFetcher, _ compression: CompressionFormat
  ) throws -> (store: LayerStore, id: LayerID, digest: Digest) {
    let files = Dictionary(
      uniqueKeysWithValues: (0..<50).map { number in
        ("file-\(number)", String(repeating: "\(number * 7919) ", count: 2000 + number))
      })
    let layer = try SeedLayer.files(files, compression: compression)
    let digest = try registry.put(blob: layer.bytes, in: "app")
    scratch.origins.note([digest], in: try Reference("\(registry.host)/app"))
    let layers = try LayerStore(
      root: scratch.settings.folder("layers"), content: scratch.store, supply: fetcher)
    let id = try layers.adopt(
      descriptor: Descriptor(of: layer.bytes, as: layer.mediaType), diffID: layer.diffID)
    return (layers, id, digest)
  }

  @Test(
    "has layers unpacked while they arrive, whatever happens to them on the way",
    arguments: [CompressionFormat.gzip, .zstd, .none],
    [
      ("nothing", []), ("drops", [.drip(4096, every: 1)]),
      ("a break", [.truncate(afterSending: 2000)]), ("damage", [.flipBit(at: 1500)]),
      ("damage at the end", [.flipBit(at: 10_000)]),
      ("damage, then a break", [.flipBit(at: 1500), .truncate(afterSending: 3000)]),
    ] as [(String, [Fault])])
  func layers(_ compression: CompressionFormat, _ faults: (name: String, list: [Fault]))
    async throws
  {
    let fetcher = try scratch.fetcher()
    let (layers, id, digest) = try adoptLayer(fetcher, compression)
    for (number, fault) in faults.list.enumerated() {
      registry.inject(fault, on: .read(of: digest), skipping: 0)
      if number == 0, faults.list.count > 1 { continue }
    }
    let directory = try await BlockingWork.run { try layers.directory(of: id, above: []) }
    #expect(Files.names(in: directory).count == 50)
    #expect(try Files.text(directory.appending("file-7")).hasPrefix("55433 55433 "))
    #expect(scratch.leftovers == [])
    #expect(registry.requests.count <= 3)
  }

  @Test("has a layer fail with the registry's words, after it was asked once")
  func failingLayer() async throws {
    let fetcher = try scratch.fetcher()
    let (layers, id, digest) = try adoptLayer(fetcher, .gzip)
    registry.inject(
      .respond(403, code: "DENIED", message: "no"), on: .read(of: digest), times: .max)
    let error = await failure {
      try await BlockingWork.run { try layers.directory(of: id, above: []) }
    }
    #expect((error as? RegistryError)?.status == 403, "\(error as Any)")
    #expect(registry.requests.count == 1)
  }

  @Test("fetches again after it was stopped, and not after it was cancelled")
  func stopsAndGoesOn() async throws {
    let blob = try addBlobs(1)[0]
    registry.inject(.stall(afterSending: 100_000), on: .blobReads)
    let fetcher = try scratch.fetcher()
    fetcher.begin([blob])
    try await registry.server.waits(for: .blobReads, count: 1)
    await fetcher.stop()
    #expect(!scratch.store.contains(blob))
    try await fetcher.fetch([blob])
    #expect(scratch.store.contains(blob))
    scratch.store.remove(blob.digest)
    fetcher.cancel()
    await #expect(throws: CancellationError.self) { try await fetcher.fetch([blob]) }
  }

  @Test("wakes who reads along when it is stopped")
  func stopped() async throws {
    let fetcher = try scratch.fetcher()
    let (layers, id, digest) = try adoptLayer(fetcher, .gzip)
    registry.inject(.stall(afterSending: 1000), on: .read(of: digest), times: .max)
    let task = Task {
      try await BlockingWork.run { try layers.directory(of: id, above: []) }
    }
    try await registry.server.waits(for: .read(of: digest))
    fetcher.cancel()
    await fetcher.stop()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    #expect(registry.requests.count == 1)
    #expect(try await registry.server.becomesIdle())
    await #expect(throws: CancellationError.self) {
      try await fetcher.fetch([Descriptor(mediaType: .layer, digest: digest, size: 1)])
    }
  }
}

/// Reads a blob to its end; blocks.
private func read(_ partial: PartialBlob) throws -> [UInt8] {
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 100_000)
  while true {
    let offset = Int64(all.count)
    let count = try buffer.withUnsafeMutableBytes { try partial.read($0, at: offset) }
    if count == 0 { return all }
    all += buffer[..<count]
  }
}
