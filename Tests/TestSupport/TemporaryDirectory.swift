package import Glibc
package import SystemPackage

/// A directory that goes, with everything in it, when the last reference to it does.
package final class TemporaryDirectory: Sendable {
  package let path: FilePath

  package init() throws {
    var template = Array("/tmp/slipway-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
    path = FilePath(String(decoding: bytes, as: UTF8.self))
    chmod(path.string, 0o755)
  }

  deinit { Files.remove(path) }

  /// A path in the directory.
  package func callAsFunction(_ relative: String) -> FilePath { path.appending(relative) }

  /// Makes a directory and its parents.
  @discardableResult
  package func directory(_ relative: String) throws -> FilePath {
    let made = path.appending(relative)
    try Files.makeDirectories(made)
    return made
  }

  /// Writes a file; its parents are made.
  @discardableResult
  package func write(_ text: String, to relative: String, mode: mode_t = 0o644) throws -> FilePath {
    let file = path.appending(relative)
    try Files.write(Array(text.utf8), to: file, mode: mode)
    return file
  }
}

/// The file system, as tests need it.
package enum Files {
  package static func makeDirectories(_ path: FilePath) throws {
    if mkdir(path.string, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, !path.components.isEmpty else { throw Errno(rawValue: errno) }
    try makeDirectories(path.removingLastComponent())
    if mkdir(path.string, 0o755) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
  }

  package static func write(_ bytes: [UInt8], to path: FilePath, mode: mode_t = 0o644) throws {
    try makeDirectories(path.removingLastComponent())
    let file = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: mode))
    try file.closeAfter { _ = try file.writeAll(bytes) }
    if chmod(path.string, mode) != 0 { throw Errno(rawValue: errno) }
  }

  package static func read(_ path: FilePath) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly)
    return try file.closeAfter {
      var bytes: [UInt8] = []
      while true {
        let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
          count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        if chunk.isEmpty { return bytes }
        bytes += chunk
      }
    }
  }

  package static func text(_ path: FilePath) throws -> String {
    String(decoding: try read(path), as: UTF8.self)
  }

  package static func exists(_ path: FilePath) -> Bool {
    var status = stat()
    return lstat(path.string, &status) == 0
  }

  /// The names in a directory, sorted; empty where there is none.
  package static func names(in path: FilePath) -> [String] {
    guard let stream = opendir(path.string) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file or a directory with all in it; what cannot be removed stays.
  package static func remove(_ path: FilePath) {
    var status = stat()
    guard lstat(path.string, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      if status.st_mode & 0o700 != 0o700 { chmod(path.string, 0o700) }
      for name in names(in: path) { remove(path.appending(name)) }
      rmdir(path.string)
    } else {
      unlink(path.string)
    }
  }

  /// Sets the time of a file, in seconds since 1970.
  package static func setTime(_ seconds: Int, of path: FilePath) throws {
    let time = timespec(tv_sec: seconds, tv_nsec: 0)
    if utimensat(AT_FDCWD, path.string, [time, time], 0) != 0 { throw Errno(rawValue: errno) }
  }
}
