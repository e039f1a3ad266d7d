import Dispatch
import Glibc
import OCI
import SystemPackage
import TestSupport
import Testing

@Suite("ContentStore")
struct ContentStoreTests {
  private let directory: TemporaryDirectory
  private let store: ContentStore

  init() throws {
    directory = try TemporaryDirectory()
    store = try ContentStore(root: directory("store"))
  }

  @Test("is an image layout from the start")
  func layout() throws {
    #expect(
      try Files.text(store.root.appending("oci-layout")) == #"{"imageLayoutVersion":"1.0.0"}"#)
    #expect(try store.index().manifests == [])
    #expect(try Files.text(store.root.appending("index.json")).contains(#""schemaVersion":2"#))
  }

  @Test("a blob has the digest of its name, or it is not in the store")
  func wrongDigest() throws {
    var writer = try BlobWriter(store: store)
    try Array("one".utf8).withUnsafeBytes { try writer.write($0) }
    #expect(throws: ContentError.self) {
      try writer.commit(expecting: .sha256(of: Array("two".utf8)))
    }
    _ = consume writer
    #expect(try store.blobs() == [])
    #expect(Files.names(in: store.root.appending("ingest")) == [])
  }

  @Test("a writer that is given up leaves nothing")
  func abandoned() throws {
    do {
      var writer = try BlobWriter(store: store)
      try Array("one".utf8).withUnsafeBytes { try writer.write($0) }
    }
    #expect(Files.names(in: store.root.appending("ingest")) == [])
  }

  @Test("reads what was added, and refuses what was changed on disk")
  func damage() throws {
    let descriptor = try store.add(Array("contents".utf8), as: .manifest)
    #expect(try store.read(descriptor) == Array("contents".utf8))
    try Files.write(Array("c0ntents".utf8), to: store.path(of: descriptor.digest))
    #expect(throws: ContentError.self) { try store.read(descriptor) }
    try Files.write(Array("longer contents".utf8), to: store.path(of: descriptor.digest))
    #expect(throws: ContentError.self) { try store.read(descriptor) }
    store.remove(descriptor.digest)
    let missing = #expect(throws: ContentError.self) { try store.read(descriptor) }
    #expect(missing?.description.contains("not in the store") == true)
  }

  @Test("a blob that was cut short is written again")
  func truncated() throws {
    let bytes = Array("contents".utf8)
    let descriptor = try store.add(bytes, as: .manifest)
    try Files.write([], to: store.path(of: descriptor.digest))
    #expect(!store.contains(descriptor))
    _ = try store.add(bytes, as: .manifest)
    #expect(try store.read(descriptor) == bytes)
  }

  @Test("refuses documents of more than 8 MiB")
  func tooLarge() throws {
    let bytes = [UInt8](repeating: 0, count: 8 << 20 + 1)
    let descriptor = try store.add(bytes, as: .manifest)
    #expect(throws: ContentError.self) { try store.read(descriptor) }
  }

  @Test("updates of the index by many threads are all kept")
  func threads() throws {
    let store = store
    DispatchQueue.concurrentPerform(iterations: 40) { number in
      let descriptor = Descriptor(of: Array("\(number)".utf8), as: .manifest)
      try? store.tag(try Reference("name-\(number):t"), descriptor)
    }
    let names = try store.index().manifests.compactMap { $0.annotations?[Annotation.referenceName] }
    #expect(Set(names).count == 40)
  }

  @Test("a change that throws changes nothing")
  func throwingChange() throws {
    struct Refusal: Error {}
    try store.tag(Reference("a"), Descriptor(of: [1], as: .manifest))
    #expect(throws: Refusal.self) {
      try store.updateIndex { index in
        index.manifests = []
        throw Refusal()
      }
    }
    #expect(try store.index().manifests.count == 1)
  }

  @Test("a tag moves from image to image; an image without a tag stays findable by digest")
  func tags() throws {
    let one = Descriptor(of: [1], as: .manifest)
    let two = Descriptor(of: [2], as: .manifest)
    try store.keep(one)
    try store.tag(Reference("name"), one)
    #expect(try store.index().manifests.count == 1)
    try store.tag(Reference("name"), two)
    #expect(try store.resolve(Reference("docker.io/library/name:latest"))?.digest == two.digest)
    #expect(try store.untag(Reference("name")))
    #expect(try !store.untag(Reference("name")))
    #expect(try store.resolve(Reference("name")) == nil)
  }

  @Test("a malformed index is an error that names the file")
  func malformedIndex() throws {
    try Files.write(Array("{".utf8), to: store.root.appending("index.json"))
    let error = #expect(throws: ContentError.self) { try store.index() }
    #expect(error?.description.contains("index.json") == true)
  }

  @Test("keeps what other tools wrote into the index")
  func foreignEntries() throws {
    try Files.write(
      Array(
        #"{"schemaVersion":2,"manifests":[{"mediaType":"x/y","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0,"annotations":{"org.opencontainers.image.ref.name":"theirs","other":"kept"}}]}"#
          .utf8), to: store.root.appending("index.json"))
    try store.tag(Reference("ours"), Descriptor(of: [1], as: .manifest))
    let entries = try store.index().manifests
    #expect(entries.count == 2)
    #expect(entries.contains { $0.annotations?["other"] == "kept" })
    #expect(try store.resolve(Reference("theirs:latest")) == nil)
  }
}

@Suite("FileLock")
struct FileLockTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test("is one holder's at a time, and free again after")
  func exclusive() throws {
    let path = directory("lock")
    let lock = try FileLock(path, exclusive: true)
    #expect(try FileLock(ifFree: path) == nil)
    lock.release()
    let again = try #require(try FileLock(ifFree: path))
    again.release()
  }

  @Test("a transient lock is never held twice, and its file goes")
  func transient() throws {
    let path = directory("lock")
    let counter = directory("counter")
    try Files.write(Array("0".utf8), to: counter)
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      for _ in 0..<50 {
        guard let lock = try? FileLock(transient: path) else { continue }
        // Reading and writing in two steps loses counts unless the lock keeps others out.
        let value = Int((try? Files.text(counter)) ?? "") ?? 0
        try? Files.write(Array("\(value + 1)".utf8), to: counter)
        lock.releaseRemoving(path)
      }
    }
    #expect(try Files.text(counter) == "800")
    #expect(!Files.exists(path))
  }

  @Test("a lock that cannot be made says where")
  func unwritable() {
    let error = #expect(throws: SystemCallError.self) {
      try FileLock("/proc/no/such/lock", exclusive: true)
    }
    #expect(error?.description.contains("/proc/no/such/lock") == true)
  }
}
