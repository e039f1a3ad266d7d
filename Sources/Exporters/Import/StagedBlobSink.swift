import Archive
import OCI

/// Writes a blob, as the end of a chain of sinks.
final class StagedBlobSink: ByteSink {
  private var writer: BlobWriter

  init(_ writer: consuming BlobWriter) {
    self.writer = writer
  }

  var size: Int64 { writer.size }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writer.write(bytes)
  }

  /// Ends the blob; see `BlobWriter.commit(expecting:)`.
  func commit(expecting digest: Digest? = nil) throws -> Digest {
    try writer.commit(expecting: digest)
  }
}
