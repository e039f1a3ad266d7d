internal import Archive
internal import OCI

/// Takes a tar, gives a blob in the store: compressed, and digested before and after, in one pass.
final class LayerBlobWriter {
  private enum Compressor {
    case gzip(BlockGzipWriter)
    case zstd(ZstdWriter)
    case none
  }

  private let compressor: Compressor
  private let blob: BlobSink
  private let tarDigest = DigestSink()
  private let mediaType: MediaType
  /// Where the tar goes.
  let sink: any ByteSink

  init(_ store: ContentStore, _ encoding: LayerEncoding) throws {
    blob = BlobSink(try BlobWriter(store: store))
    mediaType = encoding.mediaType
    switch encoding.compression {
    case .gzip(let level):
      let writer = try BlockGzipWriter(blob, level: level)
      compressor = .gzip(writer)
      sink = TeeSink(tarDigest, writer)
    case .zstd(let level):
      let writer = try ZstdWriter(blob, level: level)
      compressor = .zstd(writer)
      sink = TeeSink(tarDigest, writer)
    case .uncompressed:
      compressor = .none
      sink = TeeSink(tarDigest, blob)
    }
  }

  /// Ends the blob and gives it its name in the store.
  ///
  /// - Parameter expecting: the digest that the tar must have; nothing is stored where it has another,
  ///   and `LayerError.wrongDiffID` is thrown.
  func finish(expecting: Digest? = nil) throws -> (blob: LayerBlob, blocks: GzipBlockIndex?) {
    let diffID = tarDigest.finish()
    if let expecting, expecting != diffID {
      throw LayerError.wrongDiffID(expected: expecting, actual: diffID)
    }
    var blocks: GzipBlockIndex?
    switch compressor {
    case .gzip(let writer): blocks = try writer.finish()
    case .zstd(let writer): try writer.finish()
    case .none: break
    }
    let (digest, size) = try blob.commit()
    let descriptor = Descriptor(mediaType: mediaType, digest: digest, size: size)
    return (LayerBlob(diffID: diffID, descriptor: descriptor), blocks)
  }
}

/// The SHA-256 of what is written.
final class DigestSink: ByteSink {
  private var hasher = SHA256Hasher()

  func write(_ bytes: UnsafeRawBufferPointer) {
    hasher.update(bytes)
  }

  func finish() -> Digest { hasher.finish() }
}

/// The SHA-256 of what is read through it.
final class DigestSource: ByteSource {
  private let source: any ByteSource
  private var hasher = SHA256Hasher()

  init(_ source: any ByteSource) {
    self.source = source
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try source.read(into: buffer)
    hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }

  func finish() -> Digest { hasher.finish() }
}

/// The end of a chain of sinks that leads into the store.
private final class BlobSink: ByteSink {
  private var writer: BlobWriter

  init(_ writer: consuming BlobWriter) {
    self.writer = writer
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writer.write(bytes)
  }

  func commit() throws -> (Digest, Int64) {
    let size = writer.size
    return (try writer.commit(), size)
  }
}
