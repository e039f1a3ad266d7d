import Glibc
internal import OCI
internal import SystemPackage

/// Files that a command writes for its user: whole, or not at all.
enum OutputFile {
  static func write(_ bytes: [UInt8], to path: FilePath) throws {
    // A rename would put a file in the place of `/dev/null`, or of a link.
    var status = stat()
    if lstat(path.string, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let file = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
      return try bytes.withUnsafeBytes { try file.write($0, path: path) }
    }
    let temporary = FilePath(path.string + ".slipway-\(getpid())")
    do {
      let file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC)
      try bytes.withUnsafeBytes { try file.write($0, path: temporary) }
      if rename(temporary.string, path.string) != 0 { throw SystemCallError("write", path.string) }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }
}
