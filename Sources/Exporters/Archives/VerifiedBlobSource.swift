import Archive
import OCI

/// Reads a blob of the store, and fails at its end if it is not what its name says: a disk may have
/// changed it since it was written.
final class VerifiedBlobSource: ByteSource {
  private let blob: Descriptor
  private let file: BlobSource
  private var hasher = SHA256Hasher()
  private var size: Int64 = 0

  init(_ blob: Descriptor, in store: ContentStore) throws {
    self.blob = blob
    file = try BlobSource(opening: store.path(of: blob.digest))
  }

  /// Throws `ContentError` instead of reporting the end of a damaged blob.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try file.read(into: buffer)
    if count > 0 {
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      size += Int64(count)
    } else if !buffer.isEmpty {
      try verify()
    }
    return count
  }

  private func verify() throws {
    guard size == blob.size else {
      throw ContentError.wrongSize(blob.digest, expected: blob.size, actual: size)
    }
    let actual = hasher.finish()
    guard actual == blob.digest else {
      throw ContentError.wrongDigest(expected: blob.digest, actual: actual)
    }
  }
}

/// Takes bytes and forgets them.
final class DiscardingSink: ByteSink {
  func write(_ bytes: UnsafeRawBufferPointer) {}
}
