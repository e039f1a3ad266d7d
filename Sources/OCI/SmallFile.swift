internal import CLinux
import Glibc
package import SystemPackage

/// Files that are read in one piece, because they are small by nature.
package enum SmallFile {
  /// The bytes of a file. Throws `SystemCallError`, with `EFBIG` beyond `limit` bytes.
  package static func read(_ path: FilePath, limit: Int = 64 << 20) throws -> [UInt8] {
    let file = try OwnedDescriptor(opening: path, O_RDONLY)
    return try readAll(file.rawValue, path, limit: limit)
  }

  /// The same of a regular file and of nothing else: who looks into a folder of strangers must not wait
  /// at a pipe that nobody writes to. Throws ``NotRegular`` too.
  package static func readRegular(_ path: FilePath, limit: Int = 64 << 20) throws -> [UInt8] {
    let file = try OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK)
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { throw SystemCallError("stat", path.string) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw NotRegular(path: path) }
    return try readAll(file.rawValue, path, limit: limit)
  }

  /// A directory, a pipe, a device or a socket is where a file should be.
  package struct NotRegular: Error, CustomStringConvertible {
    package let path: FilePath
    package var description: String { "`\(path)` is not a regular file" }
  }

  /// Everything that standard input gives, up to `limit` bytes.
  package static func readStandardInput(limit: Int = 64 << 20) throws -> [UInt8] {
    try readAll(STDIN_FILENO, "-", limit: limit)
  }

  private static func readAll(_ descriptor: Int32, _ path: FilePath, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    // Most of them fit in one piece.
    var pieceSize = 16 << 10
    while true {
      let piece = try [UInt8](unsafeUninitializedCapacity: pieceSize) { buffer, count in
        repeat {
          count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        } while count < 0 && errno == EINTR
        guard count < 0 else { return }
        count = 0
        throw SystemCallError("read", path.string)
      }
      if piece.isEmpty { return bytes }
      bytes += piece
      guard bytes.count <= limit else {
        throw SystemCallError("read", path.string, code: .fileTooLarge)
      }
      pieceSize = 1 << 20
    }
  }
}
