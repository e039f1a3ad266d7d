internal import CLinux
import Glibc
package import SystemPackage

/// A file descriptor that is closed exactly once, when its owner ends.
package struct OwnedDescriptor: ~Copyable, Sendable {
  package let rawValue: Int32

  /// Takes over a descriptor that nobody else closes.
  package init(adopting rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Opens a path, close-on-exec. Throws `SystemCallError`.
  package init(opening path: FilePath, _ flags: Int32, mode: UInt32 = 0o644) throws {
    rawValue = slipway_openat(AT_FDCWD, path.string, flags, mode)
    if rawValue < 0 { throw SystemCallError("open", path.string) }
  }

  /// Writes all of `buffer`. Throws `SystemCallError`; `path` is for its words only.
  package func write(_ buffer: UnsafeRawBufferPointer, path: FilePath) throws {
    var rest = buffer
    while let base = rest.baseAddress, rest.count > 0 {
      let count = Glibc.write(rawValue, base, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemCallError("write", path.string)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Writes all of `buffer` from `offset` on. Throws `SystemCallError`; `path` is for its words only.
  package func write(_ buffer: UnsafeRawBufferPointer, at offset: Int64, path: FilePath) throws {
    var rest = buffer
    var offset = offset
    while let base = rest.baseAddress, rest.count > 0 {
      let count = pwrite(rawValue, base, rest.count, off_t(offset))
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemCallError("write", path.string)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      offset += Int64(count)
    }
  }

  deinit {
    close(rawValue)
  }
}
