import CLinux
import Glibc
import OCI
import SystemPackage

/// The names in a directory, as bytes.
enum DirectoryListing {
  static func isEmpty(_ path: FilePath) throws -> Bool {
    let directory = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    return try names(in: directory, path: path.string).isEmpty
  }

  /// All names but `.` and `..`, in the order of the file system.
  static func names(in directory: borrowing OwnedDescriptor, path: String) throws -> [[UInt8]] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
    defer { buffer.deallocate() }
    var names: [[UInt8]] = []
    while true {
      let length = slipway_getdents(directory.rawValue, buffer.baseAddress, buffer.count)
      if length < 0 { throw SystemCallError("read", path) }
      if length == 0 { return names }
      appendNames(of: UnsafeRawBufferPointer(rebasing: buffer[..<length]), to: &names)
    }
  }

  // linux_dirent64 (getdents64(2)): inode at 0 and offset at 8 (64 bits each), record length at 16
  // (16 bits), type at 18, name from 19 to its NUL.
  private static func appendNames(of records: UnsafeRawBufferPointer, to names: inout [[UInt8]]) {
    var offset = 0
    while offset + 19 < records.count {
      let length = Int(records.loadUnaligned(fromByteOffset: offset + 16, as: UInt16.self))
      guard length > 19, offset + length <= records.count else { return }
      let name = Array(records[(offset + 19)..<(offset + length)].prefix { $0 != 0 })
      if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
      offset += length
    }
  }
}
