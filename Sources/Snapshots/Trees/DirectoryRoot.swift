internal import Archive
internal import CLinux
import Glibc
import OCI
import SystemPackage

/// A directory that is held open. Whatever is reached through it lies beneath it, and no symbolic
/// link is followed on the way, whoever moves things about meanwhile.
final class DirectoryRoot: Sendable {
  let path: FilePath
  private let descriptor: OwnedDescriptor

  init(_ path: FilePath) throws {
    self.path = path
    let opened = path.withPlatformString {
      slipway_openat(AT_FDCWD, $0, O_RDONLY | O_DIRECTORY, 0)
    }
    if opened < 0 { throw SystemCallError("open", path.string) }
    descriptor = OwnedDescriptor(adopting: opened)
  }

  /// Opens a file of the tree; nil where there is none.
  func open(_ path: TreePath, _ flags: Int32) throws -> OwnedDescriptor? {
    let opened = withCString(path) { slipway_open_beneath(descriptor.rawValue, $0, flags, 0) }
    guard let opened else { return nil }
    if opened >= 0 { return OwnedDescriptor(adopting: opened) }
    // `ELOOP` is a symbolic link where a directory should be: what is behind it is not in the tree.
    if [ENOENT, ENOTDIR, ELOOP].contains(errno) { return nil }
    throw error("open", path)
  }

  /// Opens a regular file for reading, with its state; throws `TreeError` where it is gone or
  /// something else. Never waits, as the opening of a FIFO would.
  func openRegular(_ path: TreePath) throws -> OwnedDescriptor {
    guard let file = try open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else {
      throw TreeError.vanished(path)
    }
    return file
  }

  /// The state of a file that is open.
  func status(of file: borrowing OwnedDescriptor, _ path: TreePath) throws -> stat {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { throw error("stat", path) }
    return status
  }

  /// An error that names the file as people know it.
  func error(_ call: String, _ path: TreePath) -> SystemCallError {
    let code = Errno(rawValue: errno)
    let name = String(decoding: path.bytes, as: UTF8.self)
    return SystemCallError(
      call, path.isRoot ? self.path.string : "\(self.path)/\(name)", code: code)
  }

  /// Calls `body` with a path relative to the root; nil for a path that no file can have.
  private func withCString<Result>(
    _ path: TreePath, _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result? {
    if path.isRoot { return body(".") }
    if path.bytes.contains(0) { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: path.bytes.count + 1) { buffer in
      path.bytes.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      }
      buffer[path.bytes.count] = 0
      return UnsafePointer(buffer.baseAddress).map(body)
    }
  }
}

extension DirectoryRoot {
  /// An entry as `getdents64(2)` gives it. The name is valid only while it is visited.
  struct Entry {
    let name: UnsafePointer<CChar>
    let nameLength: Int
    let type: UInt8

    var nameBytes: [UInt8] {
      [UInt8](UnsafeRawBufferPointer(start: name, count: nameLength))
    }
  }

  /// Visits the entries of an open directory in the order of the disk, without `.` and `..`.
  ///
  /// The records of linux_dirent64, one after the other:
  ///
  ///     offset  size  field
  ///          0     8  d_ino
  ///          8     8  d_off
  ///         16     2  d_reclen: the length of this record
  ///         18     1  d_type
  ///         19     …  d_name, with a NUL at its end and padding
  func forEachEntry(
    of directory: borrowing OwnedDescriptor, _ path: TreePath, _ body: (Entry) throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 8)
    defer { buffer.deallocate() }
    while true {
      let length = slipway_getdents(directory.rawValue, buffer.baseAddress, buffer.count)
      if length == 0 { return }
      if length < 0 {
        if errno == ENOENT { return }  // the directory was removed meanwhile: it has no entries
        throw error("read", path)
      }
      var offset = 0
      while offset + 19 < length {
        let recordLength = Int(buffer.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
        if recordLength < 20 { break }
        if let start = buffer.baseAddress.map({ UnsafeRawPointer($0) + offset + 19 }) {
          let name = start.assumingMemoryBound(to: CChar.self)
          let entry = Entry(
            name: name, nameLength: strnlen(name, recordLength - 19), type: buffer[offset + 18])
          if !entry.isDotOrDotDot { try body(entry) }
        }
        offset += recordLength
      }
    }
  }
}

extension DirectoryRoot.Entry {
  fileprivate var isDotOrDotDot: Bool {
    let dot = CChar(bitPattern: UInt8(ascii: "."))
    return name[0] == dot && (nameLength == 1 || (nameLength == 2 && name[1] == dot))
  }
}
