import Archive
import CLinux
import Glibc
import OCI
import SystemPackage
import Testing

@testable import Snapshots

@Suite("The store of layers")
struct LayersStoreTests {
  @Test("What is not committed is discarded, and was never there")
  func discarded() throws {
    let scratch = try LayersScratch()
    do {
      let pending = try scratch.store.beginDirectory()
      let sink = try pending.sink()
      try LayersFile.regular("a", "x").add(to: sink)
      #expect(try scratch.names("home/snapshots/tmp").count == 1)
      #expect(access(pending.upper.appending("a").string, F_OK) == 0)
    }
    do {
      let pending = try scratch.store.beginBlob(encoding: LayerEncoding())
      try LayersFile.regular("a", "x").add(to: pending)
    }
    #expect(try scratch.leftovers() == [])
    #expect(try scratch.store.layers() == [])
    #expect(try scratch.names("home/blobs/sha256") == [])
  }

  @Test("A streamed layer wants its files in order, once, and their contents whole")
  func order() throws {
    let scratch = try LayersScratch()
    func expect(_ error: LayerError, _ files: [LayersFile]) {
      #expect(throws: error) { try scratch.blobLayer(files) }
    }
    let a = TreePath(cleaning: "a")
    let b = TreePath(cleaning: "b")
    expect(.unsorted(a, after: b), [.regular("b"), .regular("a")])
    expect(.unsorted(a, after: a), [.regular("a"), .regular("a")])
    let below = TreePath(cleaning: "a/b")
    expect(.refused(below, .belowNonDirectory), [.regular("a"), .regular("a/b")])
    expect(
      .refused(b, .missingLinkTarget(TreePath(cleaning: "c"))), [.link("b", to: "c", .hardLink)])
    expect(.refused(TreePath(cleaning: ".wh.a"), .reservedName), [.regular(".wh.a")])
    for wrong in [1, 5] {
      var file = LayersFile.regular("a", "123")
      file.metadata?.size = Int64(wrong)
      #expect(throws: ArchiveError.self) { try scratch.blobLayer([file]) }
      #expect(throws: ArchiveError.self) { try scratch.directoryLayer([file]) }
    }
    #expect(try scratch.store.layers() == [])
    #expect(try scratch.leftovers() == [])
  }

  @Test("A sink replaces what was given before")
  func replacing() throws {
    let scratch = try LayersScratch()
    let id = try scratch.directoryLayer([
      .directory("a"), .regular("a/b", "1"), .whiteout("a"), .directory("a"), .regular("a/c"),
      .regular("d", "1"), .regular("d", "22"), .regular("e"), .whiteout("e"), .whiteout("f"),
      .regular("f"), .directory("g"), .regular("g/h"), .directory("g", mode: 0o700),
    ])
    let tree = try scratch.store.tree(of: id)
    let children = try tree.layerChildren(of: .root)
    #expect(children.map { String(decoding: $0.name, as: UTF8.self) } == ["a", "d", "e", "f", "g"])
    guard case .file(let a, let isOpaque) = children[0].node else { return #expect(Bool(false)) }
    #expect(a.isDirectory && isOpaque)
    #expect(try tree.layerChildren(of: TreePath(cleaning: "a")).count == 1)
    #expect(children[2].node == .whiteout)
    guard case .file(let g, _) = children[4].node else { return #expect(Bool(false)) }
    #expect(g.metadata.permissions == 0o700)
    #expect(g.metadata.modificationTime == FileTime(seconds: 1_600_000_001, nanoseconds: 7))
  }

  @Test("An adopted layer keeps its blob, whatever is asked for, fetched or not")
  func adopted() throws {
    let scratch = try LayersScratch()
    let digest = Digest.sha256(of: [1, 2, 3])
    let descriptor = Descriptor(mediaType: .dockerLayerGzip, digest: digest, size: 3)
    let diffID = Digest.sha256(of: [4])
    let id = try scratch.store.adopt(descriptor: descriptor, diffID: diffID)
    #expect(try scratch.store.adopt(descriptor: descriptor, diffID: diffID) == id)
    #expect(id.isAdopted && LayerID(id.rawValue) == id)
    let encoding = LayerEncoding(compression: .zstd(level: 1), latestTime: 0)
    let blob = try scratch.store.blob(of: id, encoding: encoding, above: [])
    #expect(blob.diffID == diffID && blob.descriptor.digest == digest)
    #expect(blob.descriptor.mediaType == .layerGzip)
    #expect(throws: ContentError.self) { try scratch.store.directory(of: id, above: []) }
    #expect(throws: ContentError.self) { try scratch.store.tree(of: id) }
    #expect(try scratch.store.retainedBlobs() == [digest])
    let other = Descriptor(mediaType: .layerGzip, digest: .sha256(of: [5]), size: 3)
    #expect(try scratch.store.adopt(descriptor: other, diffID: diffID) != id)
    #expect(throws: LayerError.self) {
      try scratch.store.adopt(
        descriptor: Descriptor(mediaType: .manifest, digest: digest, size: 3), diffID: diffID)
    }
  }

  /// A supply that has what it says, somewhere.
  private struct FarSupply: BlobSupply {
    let digest: Digest

    func begin(_ blobs: [Descriptor]) {}
    func knows(_ digest: Digest) -> Bool { digest == self.digest }
    func open(_ blob: Descriptor) throws -> PartialBlob { throw ContentError.missing(blob.digest) }
    func require(_ blob: Descriptor) throws { throw ContentError.missing(blob.digest) }
  }

  @Test("A layer is in the store as long as what it was made as is here, or known to be elsewhere")
  func whole() throws {
    let scratch = try LayersScratch()
    let store = scratch.store
    let layers = scratch.at("home/snapshots")
    let directory = try scratch.directoryLayer([.regular("a", "x")])
    let blob = try scratch.blobLayer([.regular("a", "x")])
    #expect(store.contains(directory) && store.contains(blob))
    _ = try store.blob(of: directory, encoding: LayerEncoding(), above: [])
    try scratch.shell("rm -r \(layers)/\(directory)/fs")
    #expect(!store.contains(directory))

    _ = try store.directory(of: blob, above: [])
    let bytes = try store.blob(of: blob, encoding: LayerEncoding(), above: []).descriptor
    let path = scratch.content.path(of: bytes.digest)
    try scratch.shell("cp \(path) saved; : > \(path)")
    #expect(!store.contains(blob))
    let supplied = try LayerStore(
      root: layers, content: scratch.content, supply: FarSupply(digest: bytes.digest))
    #expect(supplied.contains(blob))
    try scratch.shell("cp saved \(path)")
    #expect(store.contains(blob))
    try scratch.shell("rm -r \(layers)/\(blob)")
    #expect(!store.contains(blob))
  }

  @Test("A blob that was pruned from the content store is made again, the same")
  func remade() throws {
    let scratch = try LayersScratch()
    let id = try scratch.directoryLayer([.regular("a", "x")])
    let blob = try scratch.store.blob(of: id, encoding: LayerEncoding(), above: [])
    scratch.content.remove(blob.descriptor.digest)
    #expect(try scratch.store.blob(of: id, encoding: LayerEncoding(), above: []) == blob)
    #expect(scratch.content.contains(blob.descriptor))
  }

  @Test("A layer that is not there is an error with its name")
  func missing() throws {
    let scratch = try LayersScratch()
    let id = try scratch.directoryLayer([.regular("a", "x")])
    try scratch.store.remove(id)
    #expect(!scratch.store.contains(id))
    #expect(throws: LayerError.missing(id)) { try scratch.store.tree(of: id) }
    #expect(throws: LayerError.missing(id)) { try scratch.store.directory(of: id, above: []) }
    #expect(throws: LayerError.missing(id)) {
      try scratch.store.blob(of: id, encoding: LayerEncoding(), above: [])
    }
    #expect(
      "\(LayerError.missing(id))"
        == "the layer `\(id)` is not in the store\nhint: build again; what was pruned is made anew")
  }

  @Test(
    "Names that no layer has are refused", arguments: ["", "m", "../etc", "mXYZ", "tmp", "m/a"])
  func identifiers(text: String) {
    #expect(LayerID(text) == nil)
  }

  @Test("Several at once unpack a layer once, and all get it")
  func concurrentUnpacking() async throws {
    let scratch = try LayersScratch()
    var random = LayersRandom(seed: 71)
    let files = random.files(120)
    let id = try scratch.adopted(try scratch.blobLayer(files), above: nil)
    let other = try LayerStore(root: scratch.store.layout.root, content: scratch.content)
    let store = scratch.store
    let paths = try await withThrowingTaskGroup(of: FilePath.self) { group in
      for number in 0..<8 {
        group.addTask {
          let store = number % 2 == 0 ? store : other
          _ = try store.tree(of: id).layerChildren(of: .root)
          return try store.directory(of: id, above: [])
        }
      }
      return try await group.reduce(into: Set<FilePath>()) { $0.insert($1) }
    }
    #expect(paths.count == 1)
    #expect(try scratch.leftovers() == [])
  }

  @Test("What killed processes left is trashed and reaped; what the living make stays")
  func leftovers() throws {
    let scratch = try LayersScratch()
    try scratch.shell(
      "cd home/snapshots/tmp; mkdir -p early killed/layer/fs/a/b/c"
        + "; touch killed/lock killed/layer/fs/a/b/c/file"
        + "; cd killed; mkdir work; cd work; mkdir -m 0 work")
    let pending = try scratch.store.beginDirectory()
    try scratch.store.trashLeftovers()
    let kept = try scratch.names("home/snapshots/tmp")
    #expect(kept.count == 1)
    let sink = try pending.sink()
    try LayersFile.regular("a", "x").add(to: sink)
    try sink.finish()
    let id = try pending.commit()
    #expect(scratch.store.contains(id))

    #expect(try scratch.names("home/snapshots/trash").isEmpty == false)
    #expect(try scratch.store.reapTrash(limit: 1) >= 1)
    #expect(try scratch.names("home/snapshots/trash").isEmpty == false)
    #expect(try scratch.store.reapTrash(limit: 1000) < 1000)
    #expect(try scratch.names("home/snapshots/trash") == [])
    #expect(scratch.store.contains(id))
  }

  @Test("A full disk is an error that says so, and leaves no half-made layer")
  func fullDisk() throws {
    let scratch = try LayersScratch(tmpfsSize: "2m")
    var file = LayersFile.regular("large")
    var random = LayersRandom(seed: 81)
    file.contents = (0..<4 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    file.metadata?.size = 4 << 20
    let ways: [() throws -> LayerID] = [
      { try scratch.directoryLayer([file]) }, { try scratch.blobLayer([file]) },
    ]
    for make in ways {
      do {
        _ = try make()
        Issue.record("4 MiB went into 2")
      } catch let error as SystemCallError {
        #expect(error.code == .noSpace)
        #expect(error.description.contains("no space left on device; hint: free some disk space"))
      }
    }
    #expect(try scratch.store.layers() == [])
    #expect(try scratch.names("home/blobs/sha256") == [])
    #expect(try scratch.leftovers() == [])
    _ = try scratch.store.reapTrash(limit: 100)
    #expect(throws: Never.self) { try scratch.blobLayer([.regular("small", "x")]) }
  }
}

@Suite("The index of a tar")
struct LayersIndexTests {
  private func index() throws -> [UInt8] {
    let scratch = try LayersScratch()
    let id = try scratch.blobLayer([
      .directory("a"), .regular("a/b", "1"), .link("a/c", to: "b"),
      .link("d", to: "a/b", .hardLink),
      .whiteout("e"), .regular("f/implicit", "2"),
    ])
    return try #require(try readStoreFile(scratch.store.layout.layer(id).index))
  }

  @Test("Any damage is noticed")
  func damage() throws {
    let bytes = try index()
    _ = try TarIndex(bytes)
    for position in bytes.indices {
      var damaged = bytes
      damaged[position] ^= 0x41
      #expect(throws: TarIndex.Malformed.self) { try TarIndex(damaged) }
      #expect(throws: TarIndex.Malformed.self) { try TarIndex(Array(bytes[..<position])) }
    }
  }

  @Test("Numbers that make no sense do no harm, even under a right checksum")
  func nonsense() throws {
    let bytes = try index()
    var random = LayersRandom(seed: 91)
    for _ in 0..<3000 {
      var damaged = Array(bytes.dropLast(32))
      for _ in 0..<3 {
        let position = Int.random(in: 8..<damaged.count, using: &random)
        damaged[position] =
          [0, 1, 0x7f, 0xff, UInt8(truncatingIfNeeded: random.next())]
          .randomElement(using: &random) ?? 0
      }
      damaged += Digest.sha256(of: damaged).bytes
      guard let index = try? TarIndex(damaged) else { continue }
      let tree = TarLayerTree(
        index: index, contents: TarContents { { _, _ in 0 } },
        lower: LowerTree { StackTree(layers: []) })
      for path in ["", "a", "a/b", "d", "e", "f", "f/implicit", "zz"] {
        _ = try? tree.layerNode(at: TreePath(cleaning: path))
        _ = try? tree.layerChildren(of: TreePath(cleaning: path))
      }
    }
  }
}
