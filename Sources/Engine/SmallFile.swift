import Glibc
internal import OCI
internal import SystemPackage

/// Reading files of this machine that are small by nature.
enum SmallFile {
  /// The first mebibyte of a file.
  static func read(_ path: FilePath) throws -> [UInt8] {
    let file = try OwnedDescriptor(opening: path, O_RDONLY)
    return try [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
      while count < buffer.count {
        let result = Glibc.read(file.rawValue, buffer.baseAddress! + count, buffer.count - count)
        if result < 0 { throw SystemCallError("read", path.string) }
        if result == 0 { break }
        count += result
      }
    }
  }
}
