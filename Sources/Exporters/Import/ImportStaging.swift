import Glibc
import OCI
import SystemPackage

/// A store inside of a store's `ingest` folder, where images wait until they are verified.
///
/// It is removed at its end, and by the next import if its process was killed: a lock beside it tells
/// whether somebody is still at work.
struct ImportStaging: ~Copyable {
  private static let prefix = "import-"
  private static let lockSuffix = ".lock"

  let store: ContentStore
  private let destination: ContentStore
  private let lock: FileLock
  private let lockPath: FilePath

  init(for destination: ContentStore) throws {
    self.destination = destination
    let ingest = destination.root.appending("ingest")
    // Without this a new area, not locked yet, could look like a dead one.
    let guardian = try FileLock(destination.root.appending("locks/imports"), exclusive: true)
    defer { guardian.release() }
    try Self.removeAbandoned(in: ingest)
    var generator = SystemRandomNumberGenerator()
    let name = Self.prefix + String(generator.next() as UInt64, radix: 36)
    lockPath = ingest.appending(name + Self.lockSuffix)
    lock = try FileLock(lockPath, exclusive: true)
    do {
      store = try ContentStore(root: ingest.appending(name))
    } catch {
      try? DirectoryRemoval.remove(ingest.appending(name))
      lock.releaseRemoving(lockPath)
      throw error
    }
  }

  /// Moves blobs into the store and then calls `publish`; if either fails, those are removed again
  /// that were not there before.
  func commit(
    _ blobs: [Descriptor], publish: (ContentStore) throws -> Void
  ) throws {
    var moved: [Digest] = []
    do {
      for blob in blobs where !destination.contains(blob) {
        let path = destination.path(of: blob.digest)
        if rename(store.path(of: blob.digest).string, path.string) != 0 {
          throw SystemCallError("write", path.string)
        }
        moved.append(blob.digest)
      }
      try Self.sync(destination.root.appending("blobs/sha256"))
      try publish(destination)
    } catch {
      // The index may have been written and only its sync have failed: what it lists stays.
      let listed = Set(((try? destination.index())?.manifests ?? []).map(\.digest))
      if listed.isDisjoint(with: moved) {
        for digest in moved { destination.remove(digest) }
      }
      throw error
    }
  }

  deinit {
    try? DirectoryRemoval.remove(store.root)
    lock.releaseRemoving(lockPath)
  }

  private static func sync(_ path: FilePath) throws {
    let directory = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    if fsync(directory.rawValue) != 0 { throw SystemCallError("sync", path.string) }
  }

  private static func removeAbandoned(in ingest: FilePath) throws {
    let directory = try OwnedDescriptor(opening: ingest, O_RDONLY | O_DIRECTORY)
    for bytes in try DirectoryListing.names(in: directory, path: ingest.string) {
      let name = String(decoding: bytes, as: UTF8.self)
      guard name.hasPrefix(prefix), name.hasSuffix(lockSuffix) else { continue }
      let lockPath = ingest.appending(name)
      guard let lock = try FileLock(ifFree: lockPath) else { continue }
      try? DirectoryRemoval.remove(ingest.appending(String(name.dropLast(lockSuffix.count))))
      lock.releaseRemoving(lockPath)
    }
  }
}
