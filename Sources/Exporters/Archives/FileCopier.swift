import CLinux
import Glibc
import OCI
import SystemPackage

/// Copies a file in the kernel where it can, else through memory.
struct FileCopier {
  private static let pieceSize = 8 << 20

  let progress: TransferProgress

  /// Throws `SystemCallError`, with the end of the file reported as an I/O error: a blob of the store
  /// does not shrink.
  func copy(
    from source: borrowing OwnedDescriptor, to destination: borrowing OwnedDescriptor, size: Int64,
    path: FilePath
  ) throws {
    var rest = size
    while rest > 0 {
      let wanted = Int(min(rest, Int64(Self.pieceSize)))
      let count = slipway_copy_file_range(source.rawValue, destination.rawValue, wanted)
      if count < 0 {
        switch errno {
        case EINTR: continue
        // Another file system, an old kernel, or one that cannot.
        case EXDEV, ENOSYS, EINVAL, EOPNOTSUPP, EPERM:
          return try copyThroughMemory(from: source, to: destination, size: rest, path: path)
        default: throw SystemCallError("write", path.string)
        }
      }
      if count == 0 { throw SystemCallError("copy", path.string, code: .ioError) }
      rest -= Int64(count)
      progress(Int64(count))
    }
  }

  private func copyThroughMemory(
    from source: borrowing OwnedDescriptor, to destination: borrowing OwnedDescriptor, size: Int64,
    path: FilePath
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { buffer.deallocate() }
    var rest = size
    while rest > 0 {
      let count = read(source.rawValue, buffer.baseAddress, Int(min(rest, Int64(buffer.count))))
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw SystemCallError("read", path.string) }
      if count == 0 { throw SystemCallError("copy", path.string, code: .ioError) }
      let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      try destination.write(piece, path: path)
      rest -= Int64(count)
      progress(Int64(count))
    }
  }
}
