import Archive
import Glibc
import OCI
import SystemPackage

/// Reads a file, and closes it at the end of its own life.
final class BlobSource: ByteSource {
  private let file: OwnedDescriptor
  private let path: FilePath

  init(opening path: FilePath) throws {
    self.path = path
    file = try OwnedDescriptor(opening: path, O_RDONLY)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if buffer.isEmpty { return 0 }
    while true {
      let count = Glibc.read(file.rawValue, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno != EINTR { throw SystemCallError("read", path.string) }
    }
  }
}
