internal import CLinux
import Glibc
package import SystemPackage

/// A lock between processes: `flock(2)` on a file that is kept.
///
/// It ends with `release()`, or with the process however that ends.
package struct FileLock: Sendable {
  private let descriptor: Int32

  /// Waits for the lock. Blocks the thread.
  package init(_ path: FilePath, exclusive: Bool) throws {
    let file = try FileLock.open(path)
    while flock(file, exclusive ? LOCK_EX : LOCK_SH) != 0 {
      guard errno == EINTR else {
        defer { close(file) }
        throw SystemCallError("lock", path.string)
      }
    }
    descriptor = file
  }

  /// Takes the lock if nobody holds it; nil where somebody does.
  package init?(ifFree path: FilePath) throws {
    let file = try FileLock.open(path)
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      return nil
    }
    descriptor = file
  }

  /// Waits for a lock whose file goes away with `releaseRemoving`. Blocks the thread.
  package init(transient path: FilePath) throws {
    while true {
      let lock = try FileLock(path, exclusive: true)
      var held = stat()
      var named = stat()
      // Whoever held it before may have removed the file that was waited on.
      if fstat(lock.descriptor, &held) == 0, stat(path.string, &named) == 0,
        held.st_ino == named.st_ino, held.st_dev == named.st_dev
      {
        self = lock
        return
      }
      lock.release()
    }
  }

  /// Ends a transient lock and removes its file.
  package func releaseRemoving(_ path: FilePath) {
    unlink(path.string)
    release()
  }

  package func release() {
    close(descriptor)
  }

  private static func open(_ path: FilePath) throws -> Int32 {
    let file = slipway_openat(AT_FDCWD, path.string, O_RDWR | O_CREAT, 0o644)
    if file < 0 { throw SystemCallError("open", path.string) }
    return file
  }
}
