import Glibc
import SystemPackage

/// A blob on its way into the store: hashed as it is written, and named by its digest at the end.
///
/// What is not committed is removed when the writer ends.
package struct BlobWriter: ~Copyable {
  private let store: ContentStore
  private let temporary: FilePath
  private let file: OwnedDescriptor
  private var hasher = SHA256Hasher()
  private var committed = false

  /// Bytes written so far.
  package private(set) var size: Int64 = 0

  /// Begins a blob. Throws `SystemCallError`.
  package init(store: ContentStore) throws {
    self.store = store
    temporary = store.temporaryPath()
    file = try OwnedDescriptor(opening: temporary, O_RDWR | O_CREAT | O_EXCL)
    // Held as long as the file is open: what is not locked was abandoned.
    flock(file.rawValue, LOCK_EX | LOCK_NB)
  }

  /// Appends `buffer`.
  package mutating func write(_ buffer: UnsafeRawBufferPointer) throws {
    try file.write(buffer, path: temporary)
    hasher.update(buffer)
    size += Int64(buffer.count)
  }

  /// Syncs the blob and gives it its name.
  ///
  /// - Parameter expecting: the digest it must have; anything else throws
  ///   `ContentError.wrongDigest`, and nothing is stored.
  package mutating func commit(expecting expected: Digest? = nil) throws -> Digest {
    let digest = hasher.finish()
    if let expected, expected != digest {
      throw ContentError.wrongDigest(expected: expected, actual: digest)
    }
    if store.size(of: digest) == size { return digest }
    if fsync(file.rawValue) != 0 { throw SystemCallError("sync", temporary.string) }
    if rename(temporary.string, store.path(of: digest).string) != 0 {
      throw SystemCallError("rename", temporary.string)
    }
    committed = true
    return digest
  }

  deinit {
    if !committed { unlink(temporary.string) }
  }
}
