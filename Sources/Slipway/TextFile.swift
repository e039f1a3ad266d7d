import Glibc
internal import OCI
internal import SystemPackage

/// Files that are read whole because they are small by nature: Dockerfiles, ignore files, secrets.
package enum TextFile {
  /// The largest that is read: 64 MiB.
  static let limit = 64 << 20

  static func read(_ path: FilePath) throws -> [UInt8] {
    let file = try OwnedDescriptor(opening: path, O_RDONLY)
    return try readAll(file.rawValue, path)
  }

  /// Everything that standard input gives.
  package static func readStandardInput() throws -> [UInt8] {
    try readAll(STDIN_FILENO, "-")
  }

  private static func readAll(_ descriptor: Int32, _ path: FilePath) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
        let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if result < 0 { throw SystemCallError("read", path.string) }
        count = result
      }
      if chunk.isEmpty { return bytes }
      bytes += chunk
      guard bytes.count <= limit else {
        throw SystemCallError("read", path.string, code: .fileTooLarge)
      }
    }
  }
}

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

/// What a path is, with its links followed.
struct FileStatus {
  let isDirectory: Bool

  /// Nil where there is nothing.
  init?(_ path: FilePath) {
    var status = stat()
    guard stat(path.string, &status) == 0 else { return nil }
    isDirectory = status.st_mode & S_IFMT == S_IFDIR
  }
}
