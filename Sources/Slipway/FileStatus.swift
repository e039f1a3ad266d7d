import Glibc
internal import SystemPackage

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
