import Archive
import OCI
import SystemPackage
import Testing

@testable import Snapshots

@Suite("A layer on its way to another machine")
struct LayersPortableTests {
  /// The blob of a layer in the content store of another machine.
  private func carry(_ layer: PortableLayer, from: LayersScratch, to: LayersScratch) throws {
    _ = try to.content.add(
      from.content.read(layer.blob.descriptor), as: layer.blob.descriptor.mediaType)
  }

  private func view(_ scratch: LayersScratch, _ stack: [LayerID]) throws -> LayersView {
    try LayersView(scratch.store.tree(ofStack: stack))
  }

  private static let lower: [LayersFile] = [
    .directory("a"), .regular("a/old", "old"), .directory("b"), .regular("b/kept", "kept"),
  ]
  private static let upper: [LayersFile] = [
    .directory("a"), .regular("a/new", "new"), .whiteout("a/old"),
    .regular("z", String(repeating: "long ", count: 100_000)),
  ]

  @Test(
    "nothing is lost, whether it was made as a directory or as a blob", arguments: [true, false],
    [
      LayerEncoding.Compression.gzip(level: 6), .zstd(level: 3), .uncompressed,
    ])
  func lossless(asDirectory: Bool, compression: LayerEncoding.Compression) throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    var random = LayersRandom(seed: 31)
    let encoding = LayerEncoding(compression: compression, latestTime: 0)
    for files in [Self.upper, random.files(150)] {
      let lower = try here.directoryLayer(Self.lower)
      let layer =
        try asDirectory ? here.directoryLayer(files) : here.blobLayer(files, encoding)
      let portable = try here.store.portable(layer, encoding: encoding, asIs: true, above: [lower])
      let lowerThere = try there.directoryLayer(Self.lower)
      let taken = try there.store.take(portable)
      #expect(there.store.isInDoubt(taken))
      #expect(try there.store.blob(of: taken, encoding: encoding, above: nil) == portable.blob)
      try carry(portable, from: here, to: there)
      let expected = try view(here, [lower, layer])
      let seen = try view(there, [lowerThere, taken])
      #expect(seen == expected, "\(seen.difference(from: expected))")
      #expect(!there.store.isInDoubt(taken))
      let unpacked = try LayersView(
        StackTree(
          layers: try [taken, lowerThere].map {
            try LayerDirectoryTree(
              there.store.directory(of: $0, above: $0 == taken ? [lowerThere] : []))
          }))
      #expect(unpacked == expected, "\(unpacked.difference(from: expected))")
      #expect(try there.store.take(portable) == taken)
    }
    #expect(try there.leftovers() == [])
  }

  @Test("another encoding of a taken layer is made as if it had been made here")
  func reencoded() throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    var random = LayersRandom(seed: 32)
    let layer = try here.directoryLayer(random.files(100))
    let portable = try here.store.portable(
      layer, encoding: LayerEncoding(latestTime: 0), asIs: true, above: [])
    let taken = try there.store.take(portable)
    try carry(portable, from: here, to: there)
    for encoding in LayersFormsTests.encodings {
      #expect(
        try there.store.blob(of: taken, encoding: encoding, above: [])
          == here.store.blob(of: layer, encoding: encoding, above: []))
    }
  }

  @Test("a layer without an index is what its blob says")
  func withoutIndex() throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    let encoding = LayerEncoding(latestTime: 5)
    let layer = try here.blobLayer([.directory("a"), .regular("a/b", "text")], encoding)
    let whole = try here.store.portable(layer, encoding: encoding, asIs: true, above: [])
    let taken = try there.store.take(
      PortableLayer(blob: whole.blob, encoding: encoding, index: nil))
    try carry(whole, from: here, to: there)
    let node = try there.store.tree(ofStack: [taken]).node(at: TreePath(cleaning: "a/b"))
    #expect(node?.metadata.modificationTime == FileTime(seconds: 5))
    try there.store.examine(taken)
    #expect(!there.store.isInDoubt(taken))
  }

  @Test("a blob that does not come is said, and the layer stays in doubt")
  func missingBlob() throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    let encoding = LayerEncoding(latestTime: 0)
    let layer = try here.blobLayer([.regular("a", "text")], encoding)
    let taken = try there.store.take(
      here.store.portable(layer, encoding: encoding, asIs: true, above: []))
    #expect(throws: ContentError.self) { try there.store.examine(taken) }
    #expect(throws: ContentError.self) { try there.store.directory(of: taken, above: []) }
    #expect(there.store.isInDoubt(taken))
  }

  @Test("an index of another blob is no index")
  func indexOfAnotherBlob() throws {
    let here = try LayersScratch()
    let encoding = LayerEncoding(latestTime: 0)
    let one = try here.store.portable(
      here.blobLayer([.regular("a", "1")], encoding), encoding: encoding, asIs: true, above: [])
    let two = try here.store.portable(
      here.blobLayer([.regular("a", "2")], encoding), encoding: encoding, asIs: true, above: [])
    #expect(throws: TarIndex.Malformed.self) {
      try PortableLayer(blob: one.blob, encoding: encoding, index: two.index)
    }
    #expect(throws: LayerError.self) {
      try PortableLayer(
        blob: one.blob, encoding: LayerEncoding(compression: .uncompressed), index: one.index)
    }
  }

  /// What an index may lie about, as the change to a file's record.
  enum Lie: String, CaseIterable, Sendable {
    case permissions, owner, size, offset, laterInTar, path
  }

  @Test("an index that lies is found out before anything is read", arguments: Lie.allCases)
  func lies(_ lie: Lie) throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    let encoding = LayerEncoding(compression: .uncompressed, latestTime: 0)
    let layer = try here.blobLayer(
      [.regular("a", "first"), .regular("b", "other")], encoding)
    let portable = try here.store.portable(layer, encoding: encoding, asIs: true, above: [])
    let honest = try TarIndex(try #require(portable.index))
    var draft = LayerDraft()
    for number in 1..<honest.recordCount {
      let record = try honest.record(number)
      var metadata = try record.metadata()
      var offset = try record.contentOffset()
      var path = try record.path()
      if number == 1 {
        switch lie {
        case .permissions: metadata.permissions = 0o4755
        case .owner: metadata.userID = 1000
        case .size: metadata.size -= 1
        case .offset: offset = try honest.record(2).contentOffset()
        case .laterInTar: metadata.modificationTime = FileTime(seconds: -1)
        case .path: path = TreePath(cleaning: "A")
        }
      }
      try draft.add(path, metadata, contentOffset: offset)
    }
    let forged = try PortableLayer(
      blob: portable.blob, encoding: encoding,
      index: TarIndexEncoder.encode(
        draft, blob: portable.blob, blocks: nil, tarSize: honest.tarSize))
    let taken = try there.store.take(forged)
    try carry(portable, from: here, to: there)
    #expect(throws: LayerError.self) { try there.store.examine(taken) }
    let name = lie == .path ? "A" : "a"
    #expect(throws: LayerError.self) {
      try there.store.tree(of: taken).open(TreePath(cleaning: name)).readAll(limit: 100)
    }
    #expect(throws: LayerError.self) { try there.store.directory(of: taken, above: []) }
  }

  @Test("block offsets that lead elsewhere are found out")
  func wrongBlocks() throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    let encoding = LayerEncoding(latestTime: 0)
    var random = LayersRandom(seed: 33)
    let noise = (0..<5 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var file = LayersFile.regular("a")
    file.contents = noise
    file.metadata?.size = Int64(noise.count)
    let portable = try here.store.portable(
      here.blobLayer([file], encoding), encoding: encoding, asIs: true, above: [])
    let honest = try TarIndex(try #require(portable.index))
    var blocks = try #require(honest.blocks)
    try #require(blocks.blockOffsets.count > 3)
    blocks.blockOffsets.swapAt(1, 2)
    var draft = LayerDraft()
    let record = try honest.record(1)
    try draft.add(record.path(), record.metadata(), contentOffset: record.contentOffset())
    let taken = try there.store.take(
      PortableLayer(
        blob: portable.blob, encoding: encoding,
        index: TarIndexEncoder.encode(
          draft, blob: portable.blob, blocks: blocks, tarSize: honest.tarSize)))
    try carry(portable, from: here, to: there)
    #expect(throws: (any Error).self) { try there.store.examine(taken) }
    #expect(there.store.isInDoubt(taken))
  }

  @Test(
    "an encoding is read from its word",
    arguments: LayersFormsTests.encodings + [LayerEncoding(latestTime: -7)])
  func encodingWords(_ encoding: LayerEncoding) {
    #expect(LayerEncoding(key: encoding.key) == encoding)
  }

  @Test(
    "what is no encoding's word is none",
    arguments: [
      "", "gzip6", "gzip-t0", "gzip06-t0", "gzip+6-t0", "gzip6-t", "gzip6-t00", "gzip6-0", "lz4-t0",
      "tar1-t0", "gzip6-t0-alone", "../x-t0",
    ])
  func noEncodingWords(_ text: String) {
    #expect(LayerEncoding(key: text) == nil)
  }

  @Test("a stack is known by its layers' tars, however they were made")
  func stacks() throws {
    let (here, there) = (try LayersScratch(), try LayersScratch())
    let encoding = LayerEncoding(latestTime: 0)
    let further: [LayersFile] = [.regular("further", "text")]
    let stack = [try here.directoryLayer(Self.lower), try here.blobLayer(further, encoding)]
    let diffIDs = try here.store.diffIDs(of: stack, encoding: encoding)
    let same = [try there.blobLayer(Self.lower, encoding), try there.directoryLayer(further)]
    #expect(try there.store.stack(same, matches: diffIDs, encoding: encoding))
    let other = [same[0], try there.directoryLayer(Self.upper)]
    #expect(try !there.store.stack(other, matches: diffIDs, encoding: encoding))
    #expect(try !there.store.stack([same[0]], matches: diffIDs, encoding: encoding))
  }
}
