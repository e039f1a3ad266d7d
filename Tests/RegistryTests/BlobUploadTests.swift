import OCI
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("Sending a blob")
struct BlobUploadTests {
  private let scratch: RegistryScratch

  init() throws { scratch = try RegistryScratch() }

  private func registry(
    _ change: (inout FaultyRegistry.Options) -> Void = { _ in }
  ) throws -> FaultyRegistry {
    var options = FaultyRegistry.Options()
    change(&options)
    return try FaultyRegistry(options)
  }

  @discardableResult
  private func upload(
    _ blob: Descriptor, to registry: FaultyRegistry, mountSources: [String] = []
  ) async throws -> UploadOutcome {
    try await scratch.repository("\(registry.host)/app").upload(
      blob, from: .store(scratch.store), mountSources: mountSources)
  }

  private func words(_ blob: Descriptor, to registry: FaultyRegistry) async -> String {
    let error = await failure { try await upload(blob, to: registry) }
    return error.map { "\($0)" } ?? "no error"
  }

  private func expect(
    _ blob: Descriptor, in registry: FaultyRegistry,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(registry.hasBlob(blob.digest, in: "app"), sourceLocation: sourceLocation)
    let bytes = try #require(registry.blob(blob.digest), sourceLocation: sourceLocation)
    #expect(Digest.sha256(of: bytes) == blob.digest, sourceLocation: sourceLocation)
    #expect(registry.server.remainingFaults == 0, sourceLocation: sourceLocation)
  }

  @Test("asks first, and sends nothing that is there")
  func wasThere() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 1000)
    try registry.put(blob: noise(1000), in: "app")
    #expect(try await upload(blob, to: registry) == .wasThere)
    #expect(registry.course == ["HEAD 200"])
  }

  @Test("sends a blob in one request, whatever its size", arguments: [0, 1, 1000, 5_000_000])
  func whole(_ size: Int) async throws {
    for location in [FaultyRegistry.UploadLocation.absolute, .relative] {
      let registry = try registry { $0.uploadLocation = location }
      let blob = try scratch.add(noise: size)
      #expect(try await upload(blob, to: registry) == .sent)
      #expect(registry.course == ["HEAD 404", "POST 202", "PUT 201"])
      #expect(registry.requests.last?.headers["Content-Length"] == "\(size)")
      try expect(blob, in: registry)
      #expect(registry.uploadCount == 0)
    }
  }

  @Test("mounts what another repository has, and sends it where that is refused")
  func mounts() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 1000)
    try registry.put(blob: noise(1000), in: "base")
    #expect(
      try await upload(blob, to: registry, mountSources: ["none", "app", "base"])
        == .mounted(from: "base"))
    #expect(registry.course == ["HEAD 404", "POST 202", "POST 201"])
    for fault in [
      Fault.refuseMount, .respond(404), .respond(403), .respond(405), .respond(400),
    ] {
      let registry = try self.registry()
      try registry.put(blob: noise(1000), in: "base")
      registry.inject(fault, on: .uploadBeginnings)
      #expect(try await upload(blob, to: registry, mountSources: ["base"]) == .sent)
      try expect(blob, in: registry)
      #expect(registry.requests(.uploadEnds).count == 1)
    }
  }

  @Test(
    "goes on from where the registry says that an upload was interrupted",
    arguments: [
      ("reset", Fault.reset(afterReceiving: 3_000_000)),
      ("no answer", .reset(afterReceiving: 7_999_999)),
    ] as [(String, Fault)])
  func resumes(_ name: String, _ fault: Fault) async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 8_000_000)
    registry.inject(fault, on: .uploadEnds)
    #expect(try await upload(blob, to: registry) == .sent)
    try expect(blob, in: registry)
    let chunk = try #require(registry.requests(.uploadChunks).first)
    let begin = chunk.headers["Content-Range"].flatMap {
      Int64($0.prefix { $0.isNumber })
    }
    #expect(begin == registry.requests(.uploadEnds).first?.received)
    #expect(chunk.received == blob.size - (begin ?? 0))
    #expect(registry.course.prefix(5) == ["HEAD 404", "POST 202", "PUT -", "GET 204", "PATCH 202"])
  }

  @Test("goes on as long as it gets on, and gives up where it does not")
  func interruptions() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 8_000_000)
    registry.inject(.reset(afterReceiving: 1_000_000), on: .uploadEnds)
    registry.inject(.reset(afterReceiving: 600_000), on: .uploadChunks, times: 10)
    #expect(try await upload(blob, to: registry) == .sent)
    try expect(blob, in: registry)
    #expect(registry.requests(.uploadChunks).count == 11)
    let dead = try self.registry()
    dead.inject(.reset(afterReceiving: 1_000_000), on: .uploadEnds)
    dead.inject(.reset(afterReceiving: 0), on: .uploadChunks, times: .max)
    let words = await words(blob, to: dead)
    #expect(words.hasPrefix("sending the blob `\(blob.digest)` (`\(dead.host)/app`): "))
    #expect(dead.requests(.uploadChunks).count <= 4)
    #expect(dead.requests.count < 20)
  }

  @Test("begins anew when the upload is lost", arguments: [1000, 3_000_000])
  func lost(_ size: Int) async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: size)
    registry.inject(.forgetUpload, on: .uploadEnds, times: 2)
    #expect(try await upload(blob, to: registry) == .sent)
    try expect(blob, in: registry)
    #expect(registry.requests(.uploadBeginnings).count == 3)
    registry.inject(.forgetUpload, on: .uploadEnds, times: .max)
    let other = try scratch.add(noise: size, seed: 2)
    let words = await words(other, to: registry)
    #expect(words.contains("404 Not Found: ") && words.contains("BLOB_UPLOAD_UNKNOWN"))
    #expect(registry.requests(.uploadBeginnings).count == 7)
  }

  @Test("does not send again what has arrived although its answer was lost")
  func lostAnswer() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 3_000_000)
    registry.inject(.header("Content-Length", nil), on: .uploadEnds)
    registry.inject(.truncate(afterSending: 0), on: .uploadEnds)
    registry.inject(.reset(afterSending: 0), on: .uploadEnds)
    #expect(try await upload(blob, to: registry) == .sent)
    #expect(registry.requests(.uploadEnds).count == 1)
    #expect(registry.hasBlob(blob.digest, in: "app"))
  }

  @Test(
    "tries again where that may help, at each step",
    arguments: [
      RequestPattern.blobChecks, .uploadBeginnings, .uploadEnds,
    ], [Fault.respond(503), .respond(429, ["Retry-After": "0"]), .close, .reset])
  func transient(_ pattern: RequestPattern, _ fault: Fault) async throws {
    for size in [1000, 2_000_000] {
      let registry = try registry()
      let blob = try scratch.add(noise: size)
      registry.inject(fault, on: pattern, times: 3)
      #expect(try await upload(blob, to: registry) == .sent)
      try expect(blob, in: registry)
    }
  }

  @Test("gives up after so many attempts in all, with the registry's words")
  func givingUp() async throws {
    for (pattern, most) in [
      (RequestPattern.blobChecks, 4), (.uploadBeginnings, 4), (.uploadEnds, 4),
    ] {
      let blob = try scratch.add(noise: 2_000_000)
      for fault in [Fault.respond(503, code: "UNAVAILABLE", message: "the disk is away"), .close] {
        let registry = try registry()
        registry.inject(fault, on: pattern, times: .max)
        let words = await words(blob, to: registry)
        #expect(words.contains("(`\(registry.host)/app`): "))
        #expect(
          // An answer to HEAD has no words.
          words.contains("503 Service Unavailable: the disk is away (UNAVAILABLE)")
            || words.hasSuffix("503 Service Unavailable") || words.contains("was lost"), "\(words)")
        #expect(registry.requests(pattern).count <= most + 4)
        #expect(
          registry.requests(pattern).filter { $0.method != "HEAD" }.count <= most,
          "\(registry.course)")
      }
    }
  }

  @Test(
    "is refused once where trying again cannot help",
    arguments: [
      (400, "400 Bad Request"), (403, "403 Forbidden"), (507, "507 Insufficient Storage"),
    ])
  func refused(_ status: Int, _ words: String) async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 1000)
    registry.inject(.respond(status, code: "DENIED", message: "no"), on: .uploadEnds, times: .max)
    #expect(await self.words(blob, to: registry).contains("\(words): no (DENIED)"))
    #expect(registry.requests(.uploadEnds).count == 1)
  }

  /// 413 to everything with a body of more than `limit` bytes.
  private func limit(_ registry: FaultyRegistry, to limit: Int) {
    registry.inject(
      .respond(413, body: "<html>413 Request Entity Too Large</html>"),
      on: RequestPattern { request in
        (request.headers["Content-Length"].flatMap { Int($0) } ?? 0) > limit
      }, times: .max)
  }

  @Test("sends chunks where a request may not be large")
  func chunks() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 5_000_000)
    limit(registry, to: 1 << 20)
    #expect(try await upload(blob, to: registry) == .sent)
    #expect(registry.hasBlob(blob.digest, in: "app"))
    let chunks = registry.requests(.uploadChunks).filter { $0.status == 202 }
    #expect(chunks.map(\.received).reduce(0, +) == blob.size)
    #expect(chunks.allSatisfy { $0.received <= 1 << 20 })
  }

  @Test("says so where no request is small enough")
  func tooSmall() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 5_000_000)
    limit(registry, to: 1000)
    let words = await words(blob, to: registry)
    #expect(
      words.hasSuffix(
        "413 Content Too Large; hint: the registry, or a proxy before it, limits the size of requests"
      ),
      "\(words)")
  }

  @Test("makes no chunk smaller than the registry takes")
  func minimumChunk() async throws {
    let registry = try registry { $0.minimumChunk = 1_500_000 }
    let blob = try scratch.add(noise: 5_000_000)
    limit(registry, to: 1_600_000)
    #expect(try await upload(blob, to: registry) == .sent)
    let chunks = registry.requests(.uploadChunks).filter { $0.status == 202 }
    #expect(chunks.dropLast().allSatisfy { $0.received >= 1_500_000 })
    #expect(registry.hasBlob(blob.digest, in: "app"))
  }

  @Test("asks where to go on when a chunk is refused, and ends where nothing is taken")
  func refusedChunks() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 5_000_000)
    registry.inject(.reset(afterReceiving: 2_000_000), on: .uploadEnds)
    registry.inject(.refuseRange, on: .uploadChunks)
    #expect(try await upload(blob, to: registry) == .sent)
    try expect(blob, in: registry)
    let lazy = try self.registry()
    lazy.inject(.reset(afterReceiving: 2_000_000), on: .uploadEnds)
    lazy.inject(.header("Range", "0-0"), on: .uploadChunks, times: .max)
    lazy.inject(
      .header("Range", "0-1999999"), on: .matching(method: "GET", path: "/uploads/"), times: .max)
    #expect(await words(blob, to: lazy).contains("(`\(lazy.host)/app`): "))
    #expect(lazy.requests.count < 20)
  }

  @Test("sends all of it again where the registry put the parts together wrongly")
  func badResume() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 5_000_000)
    registry.inject(.reset(afterReceiving: 2_000_000), on: .uploadEnds)
    registry.inject(
      .respond(400, code: "DIGEST_INVALID", message: "digest did not match"), on: .uploadEnds,
      times: 2,
      skipping: 1)
    let words = await words(blob, to: registry)
    #expect(words.contains("400 Bad Request: digest did not match (DIGEST_INVALID)"), "\(words)")
    registry.server.clearFaults()
    registry.inject(.reset(afterReceiving: 2_000_000), on: .uploadEnds)
    registry.inject(
      .respond(400, code: "DIGEST_INVALID", message: "digest did not match"), on: .uploadEnds,
      skipping: 1)
    #expect(try await upload(blob, to: registry) == .sent)
    try expect(blob, in: registry)
  }

  @Test("shows nothing to another host that an upload goes to")
  func otherHost() async throws {
    let storage = try ObjectStorage(name: "localhost")
    let registry = try FaultyRegistry(
      {
        var options = FaultyRegistry.Options(
          authentication: .basic(user: "gopher", password: "hush"))
        options.uploadLocation = .otherHost(storage)
        return options
      }())
    let blob = try scratch.add(noise: 3_000_000)
    let scratch = scratch.with(.password(username: "gopher", password: "hush"))
    storage.server.inject(.reset(afterReceiving: 1_000_000), on: .any)
    let outcome = try await scratch.repository("\(registry.host)/app").upload(
      blob, from: .store(scratch.store))
    #expect(outcome == .sent)
    #expect(storage.requests.count >= 3)
    #expect(storage.requests.allSatisfy { $0.headers["Authorization"] == nil })
    #expect(registry.hasBlob(blob.digest, in: "app"))
  }

  @Test(
    "goes nowhere else than to a registry",
    arguments: [nil, "ftp://x/", "http+unix://%2Frun%2Fdocker.sock/x"])
  func locations(_ location: String?) async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 1000)
    registry.inject(.header("Location", location), on: .uploadBeginnings)
    #expect(
      await words(blob, to: registry).hasSuffix(
        "the registry's answer makes no sense: it does not say where the upload goes on"))
  }

  @Test("says which blob is not in the store")
  func missing() async throws {
    let registry = try registry()
    let blob = Descriptor(of: noise(1000), as: .layer)
    #expect(await words(blob, to: registry).contains("\(blob.digest.hex)"))
    // One that was cut short is no blob.
    _ = try scratch.add(noise: 1_000_000, seed: 3)
    let cut = Descriptor(of: noise(1_000_000, seed: 3), as: .layer)
    try Files.write(
      Array(noise(1_000_000, seed: 3).dropLast(10)), to: scratch.store.path(of: cut.digest))
    #expect(await words(cut, to: registry).contains("\(cut.digest.hex)"))
    #expect(!registry.hasBlob(cut.digest, in: "app"))
  }

  @Test("ends at once when it is cancelled, and leaves no connection")
  func cancellation() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 8_000_000)
    registry.inject(.stall(afterReceiving: 2_000_000), on: .uploadEnds)
    let task = Task { try await upload(blob, to: registry) }
    try await registry.server.waits(for: .uploadEnds)
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    #expect(try await registry.server.becomesIdle())
  }

  @Test("gives up an upload that stalls and goes on with it")
  func stall() async throws {
    let registry = try registry()
    let blob = try scratch.add(noise: 16_000_000)
    var scratch = scratch
    scratch.stallLimit = StallLimit(period: .seconds(3), minimum: 1)
    registry.inject(.stall(afterReceiving: 2_000_000), on: .uploadEnds)
    let outcome = try await scratch.repository("\(registry.host)/app").upload(
      blob, from: .store(scratch.store))
    #expect(outcome == .sent)
    try expect(blob, in: registry)
    #expect(registry.requests(.uploadChunks).count == 1)
  }

  // MARK: - From registry to registry

  private func copy(
    _ blob: Descriptor, from source: FaultyRegistry, to target: FaultyRegistry
  ) async throws -> UploadOutcome {
    let client = try scratch.client()
    return try await client.repository(try Reference("\(target.host)/app")).upload(
      blob, from: .repository(client.repository(try Reference("\(source.host)/app"))))
  }

  @Test(
    "passes a blob on from another registry, whatever happens to either side",
    arguments: [
      ("nothing", nil, nil),
      ("the source breaks off", Fault.truncate(afterSending: 3_000_000), nil),
      ("the source is reset", .reset(afterSending: 3_000_000), nil),
      ("the source is busy", .respond(503), nil),
      ("the target is reset", nil, Fault.reset(afterReceiving: 3_000_000)),
      ("the target is busy", nil, .respond(503)),
      ("the target forgets", nil, .forgetUpload),
      ("both", .truncate(afterSending: 2_000_000), .reset(afterReceiving: 3_000_000)),
    ] as [(String, Fault?, Fault?)])
  func copies(_ name: String, _ sourceFault: Fault?, _ targetFault: Fault?) async throws {
    let source = try registry()
    let target = try registry()
    let blob = try source.addNoise(megabytes: 8)
    if let sourceFault { source.inject(sourceFault, on: .blobReads) }
    if let targetFault { target.inject(targetFault, on: .uploadEnds) }
    #expect(try await copy(blob, from: source, to: target) == .sent)
    try expect(blob, in: target)
    #expect(source.server.remainingFaults == 0)
    // What the source does wrong the target does not see.
    if targetFault == nil { #expect(target.course == ["HEAD 404", "POST 202", "PUT 201"]) }
    #expect(!scratch.store.contains(blob))
    #expect(try await source.server.becomesIdle(1))
  }

  @Test("blames the side that fails, and tries it no more often than others")
  func blame() async throws {
    let source = try registry()
    let target = try registry()
    let blob = try source.addNoise(megabytes: 8)
    source.inject(.respond(503, body: "away"), on: .blobReads, times: .max)
    let lost = await failure { try await copy(blob, from: source, to: target) }
    #expect(
      "\(lost as Any)".contains(
        "fetching the blob `\(blob.digest)` (`\(source.host)/app`): 503 Service Unavailable: away"))
    #expect(source.requests(.blobReads).count == 4)
    source.server.clearFaults()
    source.server.clearLog()
    source.inject(.flipBit(at: 100), on: .blobReads, times: .max)
    let damaged = await failure { try await copy(blob, from: source, to: target) }
    #expect("\(damaged as Any)".contains("something with the digest"))
    #expect(source.requests(.blobReads).count == 1)
    #expect(!target.hasBlob(blob.digest, in: "app"))
    source.server.clearFaults()
    target.inject(.respond(503, body: "full"), on: .uploadEnds, times: .max)
    let full = await failure { try await copy(blob, from: source, to: target) }
    #expect("\(full as Any)".contains("sending the blob `\(blob.digest)` (`\(target.host)/app`)"))
    #expect(try await source.server.becomesIdle())
  }

  @Test("lets go of both sides when a copy is cancelled")
  func cancelledCopy() async throws {
    for stallsSource in [true, false] {
      let source = try registry()
      let target = try registry()
      let blob = try source.addNoise(megabytes: 8)
      if stallsSource {
        source.inject(.stall(afterSending: 2_000_000), on: .blobReads)
      } else {
        target.inject(.stall(afterReceiving: 2_000_000), on: .uploadEnds)
      }
      let task = Task { try await copy(blob, from: source, to: target) }
      try await target.server.waits(for: .uploadEnds)
      try await source.server.waits(for: .blobReads)
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
      #expect(try await source.server.becomesIdle())
      #expect(try await target.server.becomesIdle())
    }
  }
}
