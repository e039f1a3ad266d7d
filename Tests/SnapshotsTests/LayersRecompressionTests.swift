import Archive
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

@Suite("Layers that came with an image, compressed anew")
struct LayersRecompressionTests {
  private let scratch: LayersScratch
  private let tar: [UInt8]

  init() throws {
    scratch = try LayersScratch()
    var random = LayersRandom(seed: 7)
    let layer = try scratch.blobLayer(
      random.files(80), LayerEncoding(compression: .uncompressed))
    let blob = try scratch.store.blob(
      of: layer, encoding: LayerEncoding(compression: .uncompressed), above: nil)
    tar = try SmallFile.read(scratch.content.path(of: blob.descriptor.digest), limit: 64 << 20)
  }

  private func compressed(_ compression: LayerEncoding.Compression) throws -> (
    bytes: [UInt8], mediaType: MediaType
  ) {
    let sink = MemorySink()
    switch compression {
    case .gzip(let level):
      let writer = try BlockGzipWriter(sink, level: level)
      try tar.withUnsafeBytes { try writer.write($0) }
      _ = try writer.finish()
    case .zstd(let level):
      let writer = try ZstdWriter(sink, level: level)
      try tar.withUnsafeBytes { try writer.write($0) }
      try writer.finish()
    case .uncompressed: return (tar, .layer)
    }
    return (sink.bytes, LayerEncoding(compression: compression).mediaType)
  }

  private func adopt(_ compression: LayerEncoding.Compression) throws -> LayerID {
    let (bytes, mediaType) = try compressed(compression)
    return try scratch.adopt(tar: bytes, diffID: .sha256(of: tar), as: mediaType)
  }

  private static let forms: [LayerEncoding.Compression] = [
    .gzip(level: 9), .zstd(level: 2), .uncompressed,
  ]

  @Test("the tar stays what it was, whatever it is put into", arguments: forms, forms)
  func sameTar(
    original: LayerEncoding.Compression, wanted: LayerEncoding.Compression
  ) throws {
    let id = try adopt(original)
    // The time is no reason to change what came with an image.
    let encoding = LayerEncoding(compression: wanted, latestTime: 0)
    let blob = try scratch.store.recompressedBlob(of: id, encoding: encoding, above: [])
    #expect(blob.diffID == .sha256(of: tar))
    #expect(blob.descriptor.mediaType == encoding.mediaType)
    let bytes = try SmallFile.read(
      scratch.content.path(of: blob.descriptor.digest), limit: 64 << 20)
    let expected = try compressed(wanted).bytes
    #expect(bytes == expected)
    #expect(try scratch.store.recompressedBlob(of: id, encoding: encoding, above: []) == blob)
    // Who does not ask for it gets the blob that came.
    let own = try scratch.store.blob(of: id, encoding: encoding, above: [])
    #expect(own.descriptor.digest == .sha256(of: try compressed(original).bytes))
    #expect(try scratch.leftovers().isEmpty)
  }

  @Test("another level is no reason to touch it")
  func levels() throws {
    let id = try adopt(.gzip(level: 1))
    let blob = try scratch.store.recompressedBlob(
      of: id, encoding: LayerEncoding(compression: .gzip(level: 12)), above: [])
    #expect(blob.descriptor.digest == .sha256(of: try compressed(.gzip(level: 1)).bytes))
  }

  @Test("a blob that was pruned is made again, and one that was made is found again")
  func remembered() throws {
    let id = try adopt(.gzip(level: 6))
    let encoding = LayerEncoding(compression: .zstd(level: 3))
    let blob = try scratch.store.recompressedBlob(of: id, encoding: encoding, above: [])
    scratch.content.remove(blob.descriptor.digest)
    #expect(try scratch.store.recompressedBlob(of: id, encoding: encoding, above: []) == blob)
    // What it was made from is not needed any more.
    scratch.content.remove(.sha256(of: try compressed(.gzip(level: 6)).bytes))
    #expect(try scratch.store.recompressedBlob(of: id, encoding: encoding, above: []) == blob)
  }

  @Test("a blob that is not what its image says leaves nothing behind")
  func wrongDiffID() throws {
    let (bytes, mediaType) = try compressed(.gzip(level: 6))
    let wrong = Digest.sha256(of: [1])
    let id = try scratch.adopt(tar: bytes, diffID: wrong, as: mediaType)
    let before = try scratch.content.blobs().count
    #expect(throws: LayerError.wrongDiffID(expected: wrong, actual: .sha256(of: tar))) {
      try scratch.store.recompressedBlob(
        of: id, encoding: LayerEncoding(compression: .uncompressed), above: [])
    }
    #expect(try scratch.content.blobs().count == before)
    #expect(try scratch.leftovers().isEmpty)
  }

  @Test("a blob that is nowhere to be had is said to be missing")
  func missing() throws {
    let (bytes, mediaType) = try compressed(.gzip(level: 6))
    let id = try scratch.store.adopt(
      descriptor: Descriptor(of: bytes, as: mediaType), diffID: .sha256(of: tar))
    #expect(throws: ContentError.self) {
      try scratch.store.recompressedBlob(
        of: id, encoding: LayerEncoding(compression: .zstd(level: 3)), above: [])
    }
  }
}
