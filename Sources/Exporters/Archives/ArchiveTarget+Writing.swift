import Archive
import Glibc
import OCI
import SystemPackage

extension ArchiveTarget {
  /// Gives `body` somewhere to write; a file gets its name when `body` is done, or does not appear.
  ///
  /// A file that is no regular one, such as a named pipe or `/dev/null`, is written as it is.
  func write(_ body: (any ByteSink) throws -> Void) throws {
    switch self {
    case .descriptor(let descriptor):
      try naming("the output", FileDescriptorSink(descriptor), body)
    case .file(let path):
      var status = stat()
      let exists = stat(path.string, &status) == 0
      if exists, status.st_mode & S_IFMT == S_IFDIR { throw ExportError.isADirectory(path) }
      if exists, status.st_mode & S_IFMT != S_IFREG {
        let file = try OwnedDescriptor(opening: path, O_WRONLY)
        try naming(path.string, FileDescriptorSink(file.rawValue), body)
      } else {
        try writeWhole(path, body)
      }
    }
  }

  private func writeWhole(_ path: FilePath, _ body: (any ByteSink) throws -> Void) throws {
    let temporary = path.removingLastComponent().appending(TemporaryName.make())
    let file: OwnedDescriptor
    do {
      file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL)
    } catch let error as SystemCallError {
      throw SystemCallError("create", path.string, code: error.code)
    }
    do {
      try naming(path.string, FileDescriptorSink(file.rawValue), body)
      if fsync(file.rawValue) != 0 { throw SystemCallError("sync", path.string) }
      if rename(temporary.string, path.string) != 0 { throw SystemCallError("write", path.string) }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }

  /// Puts the name of the output into the errors of writing it.
  private func naming(
    _ name: String, _ sink: any ByteSink, _ body: (any ByteSink) throws -> Void
  ) throws {
    do {
      try body(sink)
    } catch ArchiveError.system("write", let code) {
      throw SystemCallError("write", name, code: Errno(rawValue: code))
    }
  }
}
