import Archive
import Glibc
import OCI

/// The contents of a regular file as they were when it was opened: a change meanwhile is an error at
/// the end, since half of one state and half of another is neither.
final class WatchedFileSource: ByteSource {
  private let root: DirectoryRoot
  private let path: TreePath
  private let file: OwnedDescriptor
  private let before: FileStamp
  private var position: Int64 = 0

  init(_ root: DirectoryRoot, _ path: TreePath) throws {
    self.root = root
    self.path = path
    file = try root.openRegular(path)
    let status = try root.status(of: file, path)
    guard status.isRegular else { throw TreeError.notARegularFile(path) }
    before = FileStamp(status)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if buffer.isEmpty { return 0 }
    while true {
      let count = Glibc.read(file.rawValue, buffer.baseAddress, buffer.count)
      if count > 0 {
        position += Int64(count)
        return count
      }
      if count == 0 {
        try checkUnchanged()
        return 0
      }
      if errno != EINTR { throw root.error("read", path) }
    }
  }

  private func checkUnchanged() throws {
    let after = FileStamp(try root.status(of: file, path))
    guard position == before.size, after.hasSameContents(as: before) else {
      throw TreeError.changedWhileRead(path)
    }
  }
}

extension FileStamp {
  /// Whether nobody wrote to the file in between, as far as size and mtime tell. The ctime also
  /// changes with a new name or mode, which is no reason to give up a build.
  func hasSameContents(as other: FileStamp) -> Bool {
    size == other.size && modificationTime == other.modificationTime
  }
}
