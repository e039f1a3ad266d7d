package import Archive
internal import CLinux
import Glibc
package import OCI
package import SystemPackage

/// The files of a real directory, such as a build context.
///
/// Nothing outside the directory can be reached through it, whatever links it holds and whoever
/// changes it meanwhile.
package final class DirectoryTree: FileTree {
  /// How much is asked of the file system.
  package struct Options: Sendable {
    /// Whether `extendedAttributes` is filled, for regular files and directories: one more system
    /// call for each on file systems that have attributes.
    package var readsExtendedAttributes: Bool
    /// Whether a socket is shown as an empty file, as BuildKit's clients send the sockets of a build
    /// context (`tonistiigi/fsutil/stat.go`); else it is left out, as layers have none.
    package var showsSockets: Bool
    /// Where digests of unchanged files are remembered.
    package var cache: StatCache?

    package init(
      readsExtendedAttributes: Bool = false, showsSockets: Bool = false, cache: StatCache? = nil
    ) {
      self.readsExtendedAttributes = readsExtendedAttributes
      self.showsSockets = showsSockets
      self.cache = cache
    }
  }

  private let reader: DirectoryReader
  private let readsExtendedAttributes: Bool
  private let cache: StatCache?

  /// Opens the directory; later renames of it do not matter.
  package init(_ root: FilePath, _ options: Options = Options()) throws {
    reader = try DirectoryReader(
      root, readsExtendedAttributes: options.readsExtendedAttributes,
      showsSockets: options.showsSockets, cache: options.cache)
    readsExtendedAttributes = options.readsExtendedAttributes
    cache = options.cache
  }

  /// The directory, as it was given.
  package var root: FilePath { reader.root.path }

  package func node(at path: TreePath) throws -> FileNode? {
    try reader.node(at: path).map(shown)
  }

  package func children(of path: TreePath) throws -> [TreeChild] {
    let children = try reader.entries(of: path)
    guard readsExtendedAttributes else { return children }
    return children.map { TreeChild(name: $0.name, node: shown($0.node)) }
  }

  package func open(_ path: TreePath) throws -> any ByteSource {
    try reader.open(path)
  }

  /// Also safe to call from several threads at once. Throws `TreeError.changedWhileRead` where the
  /// contents are no longer those of `node`.
  package func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    if node.metadata.size == 0 { return .sha256(of: []) }
    if let stamp = node.stamp, let known = cache?.digest(for: stamp) { return known }
    let start = FileTime.now
    let file = try reader.root.openRegular(path)
    var expected = node.stamp
    if expected == nil {
      let status = try reader.root.status(of: file, path)
      guard status.isRegular else { throw TreeError.notARegularFile(path) }
      expected = FileStamp(status)
    }
    let digest = try hash(file, size: expected?.size ?? 0, path)
    let after = FileStamp(try reader.root.status(of: file, path))
    guard let expected, after.hasSameContents(as: expected) else {
      throw TreeError.changedWhileRead(path)
    }
    if after == expected {
      let isPlain = readsExtendedAttributes && node.metadata.extendedAttributes.isEmpty
      cache?.record(digest, for: after, isPlain: isPlain, readFrom: start)
    }
    return digest
  }

  /// The digest of the first `size` bytes.
  private func hash(
    _ file: borrowing OwnedDescriptor, size: Int64, _ path: TreePath
  ) throws -> Digest {
    var hasher = SHA256Hasher()
    var rest = size
    let capacity = Int(min(max(size, 1), 256 << 10))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
    defer { buffer.deallocate() }
    while rest > 0 {
      let count = Glibc.read(file.rawValue, buffer.baseAddress, Int(min(rest, Int64(capacity))))
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw reader.root.error("read", path) }
      if count == 0 { throw TreeError.changedWhileRead(path) }
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      rest -= Int64(count)
    }
    return hasher.finish()
  }

  private func shown(_ node: FileNode) -> FileNode {
    if node.metadata.extendedAttributes.isEmpty { return node }
    var node = node
    node.metadata.extendedAttributes.removeAll { !$0.isShown }
    return node
  }
}

extension FileTime {
  /// By the clock that the kernel stamps files with.
  static var now: FileTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return FileTime(time)
  }
}
