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
  package init?(_ path: FilePath, exclusiveIfFree: Void) throws {
    let file = try FileLock.open(path)
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      return nil
    }
    descriptor = file
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
