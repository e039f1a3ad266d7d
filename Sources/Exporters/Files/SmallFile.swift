import Archive
import Glibc
import OCI
import SystemPackage

/// Files that are read in one piece.
enum SmallFile {
  /// Throws `SystemCallError`, with `EFBIG` beyond `limit` bytes.
  static func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
    do {
      return try BlobSource(opening: path).readAll(limit: limit)
    } catch ArchiveError.tooLarge {
      throw SystemCallError("read", path.string, code: .fileTooLarge)
    }
  }
}
