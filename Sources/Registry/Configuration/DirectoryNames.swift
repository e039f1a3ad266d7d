import Glibc
import OCI
import SystemPackage

/// The names in directories of settings.
enum DirectoryNames {
  /// The names in a directory, sorted byte by byte; nil where there is no such directory.
  static func sorted(in path: FilePath) throws -> [String]? {
    guard let stream = opendir(path.string) else {
      if [ENOENT, ENOTDIR].contains(errno) { return nil }
      throw SystemCallError("open", path.string)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
