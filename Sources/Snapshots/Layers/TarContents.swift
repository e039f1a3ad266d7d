internal import Archive
import Synchronization

/// The uncompressed tar of a layer, read at any offset; opened when it is first read.
///
/// Shared by all files of a layer, so that the block which one file decompresses serves its neighbours
/// too. Unchecked: everything that changes is behind the lock.
final class TarContents: @unchecked Sendable {
  /// Fills as much of the buffer as there is from an offset on; 0 only at the end.
  typealias PositionalRead = (UnsafeMutableRawBufferPointer, _ offset: Int64) throws -> Int

  private let open: @Sendable () throws -> PositionalRead
  private let lock = Mutex(())
  private var opened: PositionalRead?

  init(open: @escaping @Sendable () throws -> PositionalRead) {
    self.open = open
  }

  /// A file's contents.
  func source(from offset: Int64, size: Int64) -> any ByteSource {
    TarFileSource(self, offset: offset, remaining: size)
  }

  fileprivate func read(_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int64) throws -> Int {
    try lock.withLock { _ in
      if let opened { return try opened(buffer, offset) }
      let read = try open()
      opened = read
      return try read(buffer, offset)
    }
  }
}

private final class TarFileSource: ByteSource {
  private let contents: TarContents
  private var offset: Int64
  private var remaining: Int64

  init(_ contents: TarContents, offset: Int64, remaining: Int64) {
    self.contents = contents
    self.offset = offset
    self.remaining = remaining
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = Int(min(Int64(buffer.count), max(remaining, 0)))
    if wanted == 0 { return 0 }
    let count = try contents.read(
      UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), offset)
    if count == 0 { throw ArchiveError.truncated("a file's contents") }
    offset += Int64(count)
    remaining -= Int64(count)
    return count
  }
}
