internal import Archive
import Synchronization

/// What lies below a layer, looked at only where the layer leaves something open: a directory that it
/// does not describe, a hard link to a file that it does not have.
final class LowerTree: Sendable {
  private let make: @Sendable () throws -> any FileTree
  private let made = Mutex<(any FileTree)?>(nil)

  init(_ make: @escaping @Sendable () throws -> any FileTree) {
    self.make = make
  }

  /// The tree itself.
  func tree() throws -> any FileTree {
    try made.withLock { made in
      if let made { return made }
      let tree = try make()
      made = tree
      return tree
    }
  }

  /// What a directory that a layer does not describe is like.
  func implicitDirectory(at path: TreePath) throws -> FileMetadata {
    guard let node = try tree().node(at: path), node.isDirectory else { return .implicitDirectory }
    return node.metadata
  }

  /// The directory that a symbolic link leads to; nil where there is no link, or none to a directory.
  func directory(behindLinkAt path: TreePath) throws -> TreePath? {
    let tree = try tree()
    guard let node = try tree.node(at: path), node.metadata.kind == .symbolicLink,
      let resolved = try tree.resolve(path), try tree.node(at: resolved)?.isDirectory == true
    else { return nil }
    return resolved
  }
}
