import OCI
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

@Suite("Fetching a blob")
struct BlobFetchTests {
  private let scratch: RegistryScratch
  private let registry: FaultyRegistry
  private let blob: Descriptor

  init() throws {
    scratch = try RegistryScratch()
    registry = try FaultyRegistry()
    blob = try registry.addNoise(megabytes: 4)
  }

  private func fetch(_ wanted: Descriptor? = nil, _ scratch: RegistryScratch? = nil) async throws {
    let scratch = scratch ?? self.scratch
    try await scratch.fetch(
      wanted ?? blob, from: scratch.repository("\(registry.host)/app"))
  }

  private func words(_ wanted: Descriptor? = nil) async -> String {
    let error = await failure { try await fetch(wanted) }
    return error.map { "\($0)" } ?? "no error"
  }

  private func expectBlob(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let path = scratch.store.path(of: blob.digest)
    #expect(
      try Digest.sha256(of: Files.read(path)) == blob.digest, sourceLocation: sourceLocation)
    #expect(scratch.leftovers == [], sourceLocation: sourceLocation)
  }

  /// Where each request begins.
  private var offsets: [Int64] {
    registry.requests(.blobReads).map { request in
      Int64(request.headers["Range"]?.dropFirst(6).prefix { $0.isNumber } ?? "0") ?? -1
    }
  }

  private var sent: [Int64] { registry.requests(.blobReads).map(\.sent) }

  /// Each request begins where the one before was interrupted. What the client's buffers held at that
  /// moment is lost, so that may be less than what the server has sent, and is never more.
  private func expectGoingOn(sourceLocation: SourceLocation = #_sourceLocation) {
    for number in offsets.indices.dropFirst() {
      #expect(
        (offsets[number - 1] + 1...offsets[number - 1] + sent[number - 1]).contains(
          offsets[number]), sourceLocation: sourceLocation)
    }
    #expect((offsets.last ?? 0) + (sent.last ?? 0) == blob.size, sourceLocation: sourceLocation)
  }

  @Test("takes one request where all goes well")
  func plain() async throws {
    try await fetch()
    try expectBlob()
    #expect(sent == [blob.size] && offsets == [0])
  }

  @Test("goes on where it was interrupted, and fetches nothing again that it has")
  func resumes() async throws {
    registry.inject(.truncate(afterSending: 1_000_000), on: .blobReads)
    registry.inject(.truncate(afterSending: 700_000), on: .blobReads, skipping: 1)
    try await fetch()
    try expectBlob()
    #expect(offsets.count == 3)
    expectGoingOn()
  }

  @Test("goes on after a reset too, from what has come")
  func reset() async throws {
    registry.inject(.reset(afterSending: 2_000_000), on: .blobReads)
    try await fetch()
    try expectBlob()
    #expect(offsets.count == 2)
    #expect((offsets.last ?? 0) <= 2_000_000 && (offsets.last ?? 0) + (sent.last ?? 0) == blob.size)
  }

  @Test("goes on as long as it gets on, however often it is interrupted")
  func manyInterruptions() async throws {
    registry.inject(.truncate(afterSending: 500_000), on: .blobReads, times: 7)
    try await fetch()
    try expectBlob()
    #expect(offsets.count == 8)
    expectGoingOn()
  }

  @Test("gives up where it does not get on, and keeps what there is")
  func noProgress() async throws {
    registry.inject(.truncate(afterSending: 1_000_000), on: .blobReads)
    registry.inject(.truncate(afterSending: 1000), on: .blobReads, times: .max)
    let words = await words()
    #expect(
      words.hasPrefix(
        "fetching the blob `\(blob.digest)` (`\(registry.host)/app`): the connection to "))
    #expect(registry.requests.count == 4)
    #expect(scratch.leftovers == ["\(blob.digest.hex).partial"])
    registry.server.clearFaults()
    try await fetch()
    try expectBlob()
    #expect((1...1_003_000).contains(offsets[4]))
    #expect(offsets[4] + sent[4] == blob.size)
  }

  @Test("goes on with what a killed process left, and looks at it first")
  func leftover() async throws {
    let bytes = try #require(registry.blob(blob.digest))
    let left = scratch.store.root.appending("ingest/\(blob.digest.hex).partial")
    try Files.write(Array(bytes[..<3_000_000]), to: left)
    try await fetch()
    try expectBlob()
    #expect(offsets == [3_000_000])
    scratch.store.remove(blob.digest)
    registry.server.clearLog()
    try Files.write(bytes, to: left)
    try await fetch()
    try expectBlob()
    #expect(registry.requests.isEmpty)
    scratch.store.remove(blob.digest)
    // What a crash of the machine leaves may have zeros in it.
    try Files.write([UInt8](repeating: 0, count: 3_000_000), to: left)
    try await fetch()
    try expectBlob()
    #expect(offsets == [3_000_000, 0])
    scratch.store.remove(blob.digest)
    registry.server.clearLog()
    try Files.write([UInt8](repeating: 0, count: bytes.count), to: left)
    try await fetch()
    try expectBlob()
    #expect(offsets == [0])
  }

  @Test("begins anew where the server knows no ranges, or answers wrong ones")
  func ranges() async throws {
    for fault in [
      Fault.ignoreRange, .refuseRange, .header("Content-Range", "bytes 0-10/4194304"),
      .header("Content-Range", nil),
    ] {
      registry.server.clearLog()
      registry.inject(.truncate(afterSending: 1_000_000), on: .blobReads)
      registry.inject(fault, on: .blobReads, skipping: 1)
      try await fetch()
      try expectBlob()
      #expect((1...1_000_000).contains(offsets[1]))
      #expect(sent.last == blob.size)
      #expect(registry.server.remainingFaults == 0)
      scratch.store.remove(blob.digest)
    }
  }

  @Test("does not go to and fro for ever where ranges never work")
  func noRanges() async throws {
    registry.inject(.ignoreRange, on: .blobReads, times: .max)
    for number in 0..<50 {
      registry.inject(
        .truncate(afterSending: number % 2 == 0 ? 2_000_000 : 1_000_000), on: .blobReads,
        skipping: number)
    }
    #expect(await words().contains("was lost"))
    #expect(registry.requests.count <= 8)
  }

  @Test("fetches what arrived damaged once more, and then gives up with nothing in the store")
  func damaged() async throws {
    registry.inject(.flipBit(at: 3_000_000), on: .blobReads)
    try await fetch()
    try expectBlob()
    #expect(offsets == [0, 0])
    scratch.store.remove(blob.digest)
    registry.server.clearLog()
    registry.inject(.flipBit(at: 3_000_000), on: .blobReads, times: .max)
    let words = await words()
    #expect(words.contains("the registry sent something with the digest `sha256:"))
    #expect(words.contains("for `\(blob.digest)`; hint: "))
    #expect(offsets == [0, 0])
    #expect(!scratch.store.contains(blob) && scratch.leftovers == [])
  }

  @Test("does not fetch what has another size", arguments: [-1, 1, -4_000_000, 1 << 40] as [Int64])
  func sizes(_ difference: Int64) async throws {
    let lie = Descriptor(
      mediaType: .layer, digest: blob.digest, size: blob.size + difference)
    #expect(
      await words(lie).hasSuffix(
        "the registry sent \(blob.size) bytes where \(lie.size) were promised"))
    #expect(registry.requests.count == 1)
    #expect(!scratch.store.contains(lie) && scratch.leftovers == [])
  }

  @Test("does not believe a length, and reads no more than there should be")
  func lengths() async throws {
    registry.inject(.header("Content-Length", nil), on: .any)
    registry.inject(.lie(aboutLength: blob.size + 1), on: .any)
    #expect(await words().contains("\(blob.size + 1) bytes where \(blob.size) were promised"))
    registry.server.clearFaults()
    // In chunks, nothing says how much is to come.
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    registry.inject(.raw(chunks + "3\r\nabc\r\n0\r\n\r\n"), on: .any, times: .max)
    let short = Descriptor(mediaType: .layer, digest: blob.digest, size: 4)
    #expect(await words(short).contains("3 bytes where 4 were promised"))
    let long = Descriptor(mediaType: .layer, digest: blob.digest, size: 2)
    #expect(await words(long).contains("3 bytes where 2 were promised"))
    #expect(registry.requests.count <= 10)
    #expect(scratch.leftovers == [])
  }

  @Test("takes a blob whole whose message breaks off behind it")
  func lostEnd() async throws {
    let small = try registry.put(blob: Array("abc".utf8), in: "app")
    registry.inject(
      .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), on: .any)
    try await fetch(Descriptor(mediaType: .layer, digest: small, size: 3))
    #expect(registry.requests.count == 1)
  }

  @Test("needs no request for a blob of no bytes")
  func empty() async throws {
    let nothing = Descriptor(of: [], as: .layer)
    try await fetch(nothing)
    #expect(scratch.store.contains(nothing) && registry.requests.isEmpty)
  }

  @Test("follows to object storage, which sees no credentials, and goes on there")
  func storage() async throws {
    let registry = try FaultyRegistry(
      FaultyRegistry.Options(authentication: .basic(user: "gopher", password: "hush")))
    let blob = try registry.addNoise(megabytes: 2)
    let storage = try ObjectStorage(name: "localhost")
    registry.inject(.redirect(to: storage), on: .blobReads, times: .max)
    storage.server.inject(.truncate(afterSending: 500_000), on: .any)
    let scratch = scratch.with(.password(username: "gopher", password: "hush"))
    let repository = try scratch.repository("\(registry.host)/app")
    try await scratch.fetch(blob, from: repository)
    #expect(scratch.store.contains(blob))
    #expect(storage.requests.count == 2)
    #expect(storage.requests.allSatisfy { $0.headers["Authorization"] == nil })
    #expect(storage.requests[1].status == 206)
    // What the storage says of itself has the signature in its URL.
    scratch.store.remove(blob.digest)
    storage.server.inject(.close, on: .any, times: .max)
    let words = await failure { try await scratch.fetch(blob, from: repository) }.map { "\($0)" }
    #expect(words?.contains("localhost") == true && words?.contains("Signature") == false)
  }

  @Test("ends at once when it is cancelled, keeps what came, and leaves no connection")
  func cancellation() async throws {
    registry.inject(.stall(afterSending: 1_500_000), on: .any)
    let partial = try PartialBlob(blob, in: scratch.store)
    let repository = try scratch.repository("\(registry.host)/app")
    let task = Task { try await repository.fetch(partial) }
    #expect(try await becomesTrue { partial.size > 1_000_000 })
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await registry.server.becomesIdle())
    let size = partial.size
    partial.fail(CancellationError())
    try await fetch()
    try expectBlob()
    #expect(offsets == [0, size])
  }

  @Test("gives up a stalled body and goes on with it")
  func stall() async throws {
    var scratch = scratch
    scratch.stallLimit = StallLimit(period: .seconds(3), minimum: 1)
    registry.inject(.stall(afterSending: 1_500_000), on: .any)
    try await fetch(nil, scratch)
    try expectBlob()
    #expect(offsets.count == 2 && (offsets.last ?? 0) > 1_000_000)
  }

  // MARK: - Streaming

  private func stream(_ wanted: Descriptor? = nil) async throws -> Digest {
    let hasher = StreamHasher()
    try await scratch.repository("\(registry.host)/app").stream(wanted ?? blob) { hasher.add($0) }
    return hasher.digest
  }

  @Test("can be streamed, and goes on after an interruption without a gap")
  func streams() async throws {
    registry.inject(.truncate(afterSending: 1_000_000), on: .any)
    registry.inject(.truncate(afterSending: 700_000), on: .any, skipping: 1)
    #expect(try await stream() == blob.digest)
    expectGoingOn()
    registry.inject(.truncate(afterSending: 1_000_000), on: .any)
    registry.inject(.ignoreRange, on: .any, skipping: 1)
    #expect(try await stream() == blob.digest)
  }

  @Test("does not hand the last block of a damaged blob on")
  func damagedStream() async throws {
    registry.inject(.flipBit(at: 10), on: .any, times: .max)
    let hasher = StreamHasher()
    let repository = try scratch.repository("\(registry.host)/app")
    let error = await failure { try await repository.stream(blob) { hasher.add($0) } }
    #expect("\(error as Any)".contains("something with the digest"))
    #expect(hasher.count < blob.size)
    #expect(registry.requests.count == 1)
  }
}
