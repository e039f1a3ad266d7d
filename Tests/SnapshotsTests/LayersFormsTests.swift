import Archive
import OCI
import Snapshots
import SystemPackage
import Testing

/// A layer is a directory or a blob, and each is made from the other without loss.
@Suite("A layer and its forms")
struct LayersFormsTests {
  static let encodings = [
    LayerEncoding(),
    LayerEncoding(compression: .gzip(level: 1), latestTime: 0),
    LayerEncoding(compression: .zstd(level: 3), latestTime: 1_000_000_000),
    LayerEncoding(compression: .uncompressed),
  ]

  @Test("The same files make the same blob, streamed or from a directory", arguments: encodings)
  func equalBytes(encoding: LayerEncoding) throws {
    let scratch = try LayersScratch()
    for seed in UInt64(1)...4 {
      var random = LayersRandom(seed: seed)
      let files = random.files(150)
      let streamed = try scratch.store.blob(
        of: try scratch.blobLayer(files, encoding), encoding: encoding, above: [])
      let tarred = try scratch.store.blob(
        of: try scratch.directoryLayer(files), encoding: encoding, above: [])
      #expect(streamed == tarred, "seed \(seed)")
      #expect(streamed.descriptor.mediaType == encoding.mediaType)
      #expect(scratch.content.contains(streamed.descriptor))
    }
    #expect(try scratch.leftovers() == [])
  }

  @Test("A blob keeps what its tar cannot say: unpacked it is the directory it would have been")
  func lossless() throws {
    let scratch = try LayersScratch()
    for seed in UInt64(11)...14 {
      var random = LayersRandom(seed: seed)
      let files = random.files(150)
      let clamped = LayerEncoding(latestTime: 1)
      let blob = try scratch.blobLayer(files, clamped)
      let directory = try scratch.directoryLayer(files)
      let expected = try LayersView(scratch.store.tree(ofStack: [directory]))
      #expect(expected.lines.count >= 150)

      let indexed = try LayersView(scratch.store.tree(ofStack: [blob]))
      #expect(indexed == expected, "seed \(seed)\n\(indexed.difference(from: expected))")
      let unpacked = try LayersView(
        StackTree(layers: [
          LayerDirectoryTree(try scratch.store.directory(of: blob, above: []))
        ]))
      #expect(unpacked == expected, "seed \(seed)\n\(unpacked.difference(from: expected))")
    }
  }

  @Test("A blob of one encoding becomes that of another, as if made so")
  func reencoding() throws {
    let scratch = try LayersScratch()
    var random = LayersRandom(seed: 21)
    let files = random.files(100)
    let layer = try scratch.blobLayer(files, LayerEncoding(latestTime: 0))
    for encoding in Self.encodings {
      let again = try scratch.store.blob(of: layer, encoding: encoding, above: nil)
      let direct = try scratch.store.blob(
        of: try scratch.blobLayer(files, encoding), encoding: encoding, above: nil)
      #expect(again == direct)
    }
  }

  @Test("Compressions that cannot be read from the middle are read all the same")
  func unseekable() throws {
    let scratch = try LayersScratch()
    var random = LayersRandom(seed: 31)
    let files = random.files(60)
    let layer = try scratch.blobLayer(files, LayerEncoding(compression: .zstd(level: 3)))
    let foreign = try scratch.adopted(layer, above: nil)
    let zstd = try scratch.store.blob(
      of: layer, encoding: LayerEncoding(compression: .zstd(level: 3)), above: nil)
    let adopted = try scratch.store.adopt(descriptor: zstd.descriptor, diffID: zstd.diffID)
    let expected = try LayersView(scratch.store.tree(ofStack: [layer]), wholeSeconds: true)
    for id in [foreign, adopted] {
      #expect(try LayersView(scratch.store.tree(ofStack: [id]), wholeSeconds: true) == expected)
    }
  }

  @Test("GNU tar unpacks our blobs to the same files")
  func readByTar() throws {
    let scratch = try LayersScratch()
    var random = LayersRandom(seed: 41)
    let layer = try scratch.blobLayer(random.files(200))
    let blob = try scratch.store.blob(of: layer, encoding: LayerEncoding(), above: nil)
    let target = try scratch.folder("by-tar")
    try scratch.shell(
      "tar -xpzf \(scratch.content.path(of: blob.descriptor.digest)) -C \(target)"
        + " --numeric-owner --same-owner --xattrs '--xattrs-include=*' --warning=none")
    let theirs = try LayersView(
      StackTree(layers: [LayerDirectoryTree(target)]), wholeSeconds: true)
    let ours = try LayersView(scratch.store.tree(ofStack: [layer]), wholeSeconds: true)
    #expect(theirs == ours, "\(theirs.difference(from: ours))")
  }

  @Test("umoci unpacks an image of our layers to what the stack shows, whiteouts and all")
  func readByUmoci() throws {
    let scratch = try LayersScratch()
    let lower = try scratch.blobLayer([
      .directory("etc"), .regular("etc/gone", "1"), .regular("etc/kept", "2"),
      .directory("full"), .regular("full/a", "3"), .regular("full/b", "4"),
    ])
    let upper = try scratch.overlay([lower]) { merged in
      try LayersScratch.shell(
        "cd \(merged); rm etc/gone; rm -r full; mkdir full; echo 5 > full/b; echo 6 > etc/new;"
          + "ln etc/new etc/twice; setcap cap_net_bind_service+ep etc/new")
    }
    let blobs = try [
      scratch.store.blob(of: lower, encoding: LayerEncoding(), above: []),
      scratch.store.blob(of: upper, encoding: LayerEncoding(), above: [lower]),
    ]
    try tag(blobs, "test", in: scratch.content)
    try scratch.shell("umoci --log=error raw unpack --image home:test by-umoci")
    let theirs = try LayersView(
      StackTree(layers: [LayerDirectoryTree(scratch.at("by-umoci"))]), wholeSeconds: true)
    let ours = try LayersView(
      scratch.store.tree(ofStack: [lower, upper]), wholeSeconds: true)
    #expect(theirs == ours, "\(theirs.difference(from: ours))")
    #expect(ours.lines.contains { $0.contains("security") || $0.contains("115, 101, 99") })
  }

  private func tag(_ blobs: [LayerBlob], _ name: String, in content: ContentStore) throws {
    let diffIDs = blobs.map { "\"\($0.diffID)\"" }.joined(separator: ",")
    let configuration = try content.add(
      Array(
        #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[\#(diffIDs)]}}"#
          .utf8),
      as: .configuration)
    let layers = blobs.map { json($0.descriptor) }.joined(separator: ",")
    let manifest = try content.add(
      Array(
        #"{"schemaVersion":2,"config":\#(json(configuration)),"layers":[\#(layers)]}"#.utf8),
      as: .manifest)
    try content.updateIndex { index in
      index.manifests = [
        Descriptor(
          mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size,
          annotations: [Annotation.referenceName: name])
      ]
    }
  }

  private func json(_ descriptor: Descriptor) -> String {
    #"{"mediaType":"\#(descriptor.mediaType)","digest":"\#(descriptor.digest)","size":\#(descriptor.size)}"#
  }
}
