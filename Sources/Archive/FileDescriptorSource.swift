internal import Glibc

/// Reads from a file descriptor, which stays the caller's to close.
package final class FileDescriptorSource: ByteSource {
  private let descriptor: Int32

  package init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if buffer.isEmpty { return 0 }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      if errno != EINTR { throw ArchiveError.system(call: "read", errno: errno) }
    }
  }
}
