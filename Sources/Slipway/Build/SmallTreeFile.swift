internal import Archive
internal import OCI
internal import Snapshots
internal import SystemPackage

/// Small files in a tree that may be an attacker's: links lead nowhere outside of it.
enum SmallTreeFile {
  /// The contents of a regular file; nil where there is none.
  static func read(_ path: TreePath, in tree: any FileTree, limit: Int = 64 << 20) throws
    -> [UInt8]?
  {
    guard let resolved = try tree.resolve(path, followingLast: true),
      let node = try tree.node(at: resolved), node.metadata.kind == .regular
    else { return nil }
    guard node.metadata.size <= Int64(limit) else {
      throw SystemCallError("read", path.description, code: .fileTooLarge)
    }
    return try head(of: resolved, in: tree, limit)
  }

  /// The first bytes of a regular file.
  static func head(of path: TreePath, in tree: any FileTree, _ count: Int) throws -> [UInt8] {
    let source = try tree.open(path)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let room = min(count - bytes.count, 1 << 20)
      let piece = try [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
        filled = try source.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }
}
