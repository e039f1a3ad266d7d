import Glibc
package import SystemPackage

/// A directory of sources as a recipe sees it: small files and names, all bounded.
///
/// Paths are relative to the root, with `/` between their parts; `""` is the root itself.
package struct SourceTree: Sendable {
  package let root: FilePath

  /// Whether the `.dockerignore` in force hides a path from the build.
  package let ignores: @Sendable (String) -> Bool

  package init(root: FilePath, ignores: @escaping @Sendable (String) -> Bool = { _ in false }) {
    self.root = root
    self.ignores = ignores
  }

  /// A file or directory in a listing.
  package struct Entry: Hashable, Sendable {
    package var name: String
    package var isDirectory: Bool
  }

  /// Manifests are small; what is larger than this was not written by people.
  package static let sizeLimit = 4 << 20

  /// Whether there is a regular file (links are followed).
  package func isFile(_ path: String) -> Bool { kind(of: path) == S_IFREG }

  /// Whether there is a directory (links are followed).
  package func isDirectory(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

  /// The bytes of a file, or `nil` where there is none; one that is larger than the limit is an error.
  package func contents(of path: String) throws(RecipeError) -> [UInt8]? {
    guard isFile(path) else { return nil }
    let bytes = try read(path, atMost: Self.sizeLimit + 1)
    guard bytes.count <= Self.sizeLimit else {
      throw .tooLarge(path: path, limit: Self.sizeLimit)
    }
    return bytes
  }

  /// The first bytes of a file: enough for a header, whatever its size.
  package func head(of path: String, atMost limit: Int) throws(RecipeError) -> [UInt8] {
    try read(path, atMost: limit)
  }

  /// What is in a directory, in the order of the names' bytes; links are left out.
  package func entries(of path: String) throws(RecipeError) -> [Entry] {
    guard let directory = opendir(location(of: path).string) else {
      throw .unreadable(path: path, reason: Errno(rawValue: errno).description)
    }
    defer { closedir(directory) }
    var entries: [Entry] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name != ".", name != ".." else { continue }
      var status = stat()
      guard fstatat(dirfd(directory), name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: entries.append(Entry(name: name, isDirectory: true))
      case S_IFREG: entries.append(Entry(name: name, isDirectory: false))
      default: continue
      }
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// A path inside the tree from a path that a file in `directory` names, or `nil` when it leaves it.
  package static func resolve(_ path: String, in directory: String) -> String? {
    guard !path.hasPrefix("/"), !path.hasPrefix("~") else { return nil }
    var parts = directory.split(separator: "/")
    for part in path.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if parts.popLast() == nil {
        return nil
      }
    }
    return parts.joined(separator: "/")
  }

  private func location(of path: String) -> FilePath {
    path.isEmpty ? root : root.pushing(FilePath(path))
  }

  private func kind(of path: String) -> mode_t? {
    var status = stat()
    guard stat(location(of: path).string, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT
  }

  private func read(_ path: String, atMost limit: Int) throws(RecipeError) -> [UInt8] {
    do {
      // Non-blocking, should a pipe have taken the file's place since it was looked at.
      let file = try FileDescriptor.open(
        location(of: path), .readOnly, options: [.closeOnExec, .nonBlocking])
      return try file.closeAfter {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 64 << 10))
        while bytes.count < limit {
          let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
          guard count > 0 else { break }
          bytes.append(contentsOf: chunk.prefix(min(count, limit - bytes.count)))
        }
        return bytes
      }
    } catch {
      throw .unreadable(path: path, reason: (error as? Errno)?.description ?? "\(error)")
    }
  }
}
