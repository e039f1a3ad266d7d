internal import CLinux
import Glibc
import OCI
import SystemPackage

/// Deleting is slow and can wait; renaming is neither.
extension LayerStore {
  /// Moves what killed processes left behind into the trash. What the living are at stays: they hold
  /// its lock.
  package func trashLeftovers() throws {
    let cleaning = try FileLock(layout.lock("tmp"), exclusive: true)
    defer { cleaning.release() }
    for name in try names(in: layout.temporary) {
      let path = layout.temporary.appending(name)
      do {
        let lockPath = path.appending(Workspace.lockName)
        guard let lock = try FileLock(ifFree: lockPath) else { continue }
        defer { lock.release() }
        try layout.discard(path)
      } catch let error as SystemCallError
        where [.noSuchFileOrDirectory, .notDirectory].contains(error.code)
      {
        // Its owner ended it meanwhile; or it is none of ours.
        continue
      }
    }
  }

  /// Deletes up to `limit` files from the trash, and returns how many there were.
  ///
  /// Less than `limit` means that the trash is empty. Several may do it at once.
  package func reapTrash(limit: Int) throws -> Int {
    var deleted = 0
    while deleted < limit {
      let found = try names(in: layout.trash)
      if found.isEmpty { return deleted }
      for name in found where deleted < limit { deleted += try reap(name, limit: limit - deleted) }
    }
    return deleted
  }

  /// Deletes one thing of the trash; of a directory, all that is no directory, and moves those up into
  /// the trash. So nothing is too deep, and no path too long.
  private func reap(_ name: String, limit: Int) throws -> Int {
    let path = layout.trash.appending(name)
    if unlink(path.string) == 0 { return 1 }
    if errno == ENOENT { return 0 }
    guard errno == EISDIR || errno == EPERM else { throw SystemCallError("delete", path.string) }
    // An overlay's own directory has no permissions at all.
    chmod(path.string, 0o700)
    guard let descriptor = try openIfThere(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
      return 0
    }
    var deleted = 0
    for entry in try rawNames(in: descriptor.rawValue, path) {
      if deleted >= limit { return deleted }
      if unlinkat(descriptor.rawValue, entry, 0) == 0 {
        deleted += 1
      } else if errno == EISDIR || errno == EPERM {
        let place = layout.trash.appending(randomName())
        if renameat(descriptor.rawValue, entry, AT_FDCWD, place.string) != 0, errno != ENOENT {
          throw SystemCallError("delete", path.string)
        }
      } else if errno != ENOENT {
        throw SystemCallError("delete", path.string)
      }
    }
    if rmdir(path.string) != 0, errno != ENOENT, errno != ENOTEMPTY {
      throw SystemCallError("delete", path.string)
    }
    return deleted + 1
  }

  /// Names as bytes, which need not be UTF-8, with a NUL at the end.
  private func rawNames(in directory: Int32, _ path: FilePath) throws -> [[CChar]] {
    guard let stream = fdopendir(dup(directory)) else { throw SystemCallError("read", path.string) }
    defer { closedir(stream) }
    var result: [[CChar]] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
        }
      }
      let dot = CChar(bitPattern: UInt8(ascii: "."))
      if name != [dot, 0], name != [dot, dot, 0] { result.append(name) }
    }
    return result
  }
}
