import Archive
internal import CLinux
import Glibc
import OCI
import SystemPackage

/// Makes nodes of the files below a directory: what `DirectoryTree` and `LayerDirectoryTree` share.
///
/// A directory costs an `openat2` and few `getdents64`, an entry one `fstatat` and its name. A
/// symbolic link costs a `readlinkat` more, and attributes a `llistxattr` where they are asked for and
/// the file is not known to have none.
final class DirectoryReader: Sendable {
  let root: DirectoryRoot
  private let attributes: ExtendedAttributeReader?
  private let showsSockets: Bool
  private let cache: StatCache?

  /// - Parameter cache: knows of files in some states that they have no attributes.
  init(
    _ path: FilePath, readsExtendedAttributes: Bool, showsSockets: Bool = false,
    cache: StatCache? = nil
  ) throws {
    root = try DirectoryRoot(path)
    self.showsSockets = showsSockets
    self.cache = cache
    attributes = readsExtendedAttributes ? ExtendedAttributeReader() : nil
  }

  /// A file with all attributes it has, the overlay's too.
  func node(at path: TreePath) throws -> FileNode? {
    guard let file = try root.open(path, slipway_o_path | O_NOFOLLOW) else { return nil }
    let status = shown(try root.status(of: file, path))
    let target = status.isSymbolicLink ? try linkTarget(of: file, "", status, path) : []
    guard let target else { return nil }
    let found = try attributes?.attributes(of: file, nil, status) ?? []
    return FileNode(status, linkTarget: target, extendedAttributes: found)
  }

  /// The entries of a directory by name; empty where `path` is none. A file that goes away between
  /// the reading of its name and the look at it was never there.
  func entries(of path: TreePath) throws -> [TreeChild] {
    guard let directory = try root.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
      return []
    }
    var result: [TreeChild] = []
    try root.forEachEntry(of: directory, path) { entry in
      if entry.type == UInt8(DT_SOCK), !showsSockets { return }
      var status = stat()
      guard fstatat(directory.rawValue, entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        if errno == ENOENT { return }
        throw root.error("stat", path.appending(entry.nameBytes))
      }
      status = shown(status)
      var target: [UInt8] = []
      if status.isSymbolicLink {
        guard let text = try linkTarget(of: directory, entry.name, status, path) else { return }
        target = text
      }
      let found = try attributes(of: directory, entry.name, status)
      if let node = FileNode(status, linkTarget: target, extendedAttributes: found) {
        result.append(TreeChild(name: entry.nameBytes, node: node))
      }
    }
    // Nodes are large: their order is found first, and each is moved once.
    let order = result.indices.sorted { bytesPrecede(result[$0].name, result[$1].name) }
    return order.map { result[$0] }
  }

  private func attributes(
    of directory: borrowing OwnedDescriptor, _ name: UnsafePointer<CChar>, _ status: stat
  ) throws -> [ExtendedAttribute] {
    guard let attributes else { return [] }
    if let cache, status.isRegular, cache.isPlain(FileStamp(status)) { return [] }
    return try attributes.attributes(of: directory, name, status)
  }

  /// The contents of a regular file, watched for change while they are read.
  func open(_ path: TreePath) throws -> any ByteSource {
    try WatchedFileSource(root, path)
  }

  /// A socket as the empty file that it is shown as.
  private func shown(_ status: stat) -> stat {
    guard showsSockets, status.st_mode & S_IFMT == S_IFSOCK else { return status }
    var file = status
    file.st_mode = status.st_mode & ~S_IFMT | S_IFREG
    return file
  }

  private func linkTarget(
    of directory: borrowing OwnedDescriptor, _ name: UnsafePointer<CChar>, _ status: stat,
    _ path: TreePath
  ) throws -> [UInt8]? {
    let descriptor = directory.rawValue
    // Some file systems say 0 for the length of a link.
    let capacity = max(Int(status.st_size), Int(PATH_MAX)) + 1
    return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let length = readlinkat(descriptor, name, base, capacity)
      if length < 0 {
        if errno == ENOENT || errno == EINVAL { return nil }
        throw root.error("read link", path.appending(Array(String(cString: name).utf8)))
      }
      return [UInt8](UnsafeRawBufferPointer(start: base, count: length))
    }
  }
}
