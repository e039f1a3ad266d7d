import Glibc
import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("PartialBlob")
struct PartialBlobTests {
  private let folder: TemporaryDirectory
  private let store: ContentStore
  private let bytes = noise(300_000)
  private var blob: Descriptor { Descriptor(of: bytes, as: .layer) }

  init() throws {
    folder = try TemporaryDirectory()
    store = try ContentStore(root: folder("store"))
  }

  private var ingest: [String] { Files.names(in: folder("store/ingest")) }

  private func append(_ range: Range<Int>, of bytes: [UInt8]? = nil, to partial: PartialBlob) throws
  {
    try (bytes ?? self.bytes)[range].withUnsafeBytes { try partial.append($0) }
  }

  @Test("keeps what came for who goes on with it, and becomes the blob when that is right")
  func interrupted() throws {
    do {
      let partial = try PartialBlob(blob, in: store)
      try append(0..<100_000, to: partial)
      try append(100_000..<200_000, to: partial)
    }
    #expect(ingest == ["\(blob.digest.hex).partial"])
    let next = try PartialBlob(blob, in: store)
    #expect(next.size == 0)
    try next.takeUp()
    #expect(next.size == 200_000)
    try append(200_000..<300_000, to: next)
    try next.commit()
    #expect(ingest == [])
    #expect(try store.read(blob) == bytes)
  }

  @Test("lets go of what it has when it fails, also while somebody still holds it")
  func failed() throws {
    struct Failure: Error {}
    let partial = try PartialBlob(blob, in: store)
    try append(0..<100_000, to: partial)
    partial.fail(Failure())
    let next = try PartialBlob(blob, in: store)
    try next.takeUp()
    #expect(next.size == 100_000)
    #expect(throws: Failure.self) { try read(partial) }
    withExtendedLifetime(partial) {}
  }

  @Test("leaves nothing where nothing came")
  func empty() throws {
    struct Failure: Error {}
    _ = try PartialBlob(blob, in: store)
    #expect(ingest == [])
    let partial = try PartialBlob(blob, in: store)
    partial.fail(Failure())
    #expect(ingest == [])
    withExtendedLifetime(partial) {}
  }

  @Test("is apart from another one of the same blob; whoever ends first, both can end")
  func two() throws {
    let first = try PartialBlob(blob, in: store)
    let second = try PartialBlob(blob, in: store)
    try append(0..<100_000, to: first)
    try append(0..<300_000, to: second)
    try second.commit()
    try append(100_000..<300_000, to: first)
    #expect(try store.read(blob) == bytes)
    try first.commit()
    #expect(try store.read(blob) == bytes)
    #expect(ingest == [])
  }

  @Test("of a process that shares, what is not finished is removed with it")
  func unshared() throws {
    let first = try PartialBlob(blob, in: store)
    try append(0..<1000, to: first)
    do {
      let second = try PartialBlob(blob, in: store)
      try append(0..<1000, to: second)
      #expect(ingest.count == 2)
    }
    #expect(ingest == ["\(blob.digest.hex).partial"])
    withExtendedLifetime(first) {}
  }

  @Test("throws away what is too long, or not the blob")
  func wrong() throws {
    let partial = try PartialBlob(blob, in: store)
    try append(0..<300_000, to: partial)
    #expect(throws: ContentError.self) { try append(0..<1, to: partial) }
    #expect(try partial.isRight())
    try partial.restart()
    #expect(throws: ContentError.self) { try partial.commit() }
    var damaged = bytes
    damaged[5] ^= 1
    try append(0..<300_000, of: damaged, to: partial)
    #expect(throws: ContentError.self) { try partial.commit() }
    #expect(partial.size == 0 && !store.contains(blob))
    try append(0..<300_000, to: partial)
    try partial.commit()
    #expect(store.contains(blob))
  }

  @Test("begins anew where more was left than the blob has")
  func tooLong() throws {
    try Files.write(bytes + [1], to: folder("store/ingest/\(blob.digest.hex).partial"))
    let partial = try PartialBlob(blob, in: store)
    try partial.takeUp()
    #expect(partial.size == 0)
  }

  // MARK: - Reading along

  /// Reads to the end, in odd pieces.
  private func read(_ partial: PartialBlob) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1337)
    while true {
      let offset = Int64(all.count)
      let count = try buffer.withUnsafeMutableBytes { try partial.read($0, at: offset) }
      if count == 0 { return all }
      all += buffer[..<count]
    }
  }

  @Test("can be read while it arrives, and ends only when it is right")
  func readingAlong() async throws {
    let partial = try PartialBlob(blob, in: store)
    try append(0..<100_000, to: partial)
    var buffer = [UInt8](repeating: 0, count: 100_000)
    let early = try buffer.withUnsafeMutableBytes { try partial.read($0, at: 0) }
    #expect(early == 100_000 && buffer[..<early] == bytes[..<early])
    let isOver = Mutex(false)
    async let all = BlockingWork.run { [self] in
      let all = try read(partial)
      isOver.withLock { $0 = true }
      return all
    }
    for start in stride(from: 100_000, to: 300_000, by: 1000) {
      try append(start..<(start + 1000), to: partial)
    }
    #expect(!isOver.withLock { $0 })
    try partial.commit()
    #expect(try await all == bytes)
  }

  @Test("is read as what it is after all where it was damaged before the reader came")
  func readingRestarted() async throws {
    let partial = try PartialBlob(blob, in: store)
    async let all = BlockingWork.run { [self] in try read(partial) }
    try append(0..<1000, to: partial)
    try partial.restart()
    try append(0..<300_000, to: partial)
    try partial.commit()
    #expect(try await all == bytes)
  }

  @Test("that is in the store can be read too")
  func stored() throws {
    _ = try store.add(bytes, as: .layer)
    let partial = try PartialBlob(stored: blob, in: store)
    #expect(try read(partial) == bytes)
    #expect(store.contains(blob))
  }

  @Test("of no bytes is complete")
  func none() throws {
    let nothing = Descriptor(of: [], as: .layer)
    let partial = try PartialBlob(nothing, in: store)
    #expect(try partial.isRight())
    try partial.commit()
    #expect(try store.read(nothing) == [])
    #expect(try read(partial) == [])
  }
}
