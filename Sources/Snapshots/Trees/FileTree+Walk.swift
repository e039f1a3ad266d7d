package enum WalkStep: Hashable, Sendable {
  /// Goes on, into the directory if it is one.
  case into
  /// Goes on behind it.
  case over
}

extension FileTree {
  /// Visits the file at `path` and everything below it, a directory before its entries, in the order
  /// of `TreePath`. Visits nothing where there is no file.
  package func walk(
    _ path: TreePath = .root, _ visit: (TreePath, FileNode) throws -> WalkStep
  ) throws {
    guard let node = try node(at: path), try visit(path, node) == .into, node.isDirectory else {
      return
    }
    var pending = [Visit(directory: path, children: try children(of: path))]
    while let last = pending.indices.last {
      guard let child = pending[last].next() else {
        pending.removeLast()
        continue
      }
      let path = pending[last].directory.appending(child.name)
      if try visit(path, child.node) == .into, child.node.isDirectory {
        pending.append(Visit(directory: path, children: try children(of: path)))
      }
    }
  }
}

/// A directory in the middle of a walk.
private struct Visit {
  let directory: TreePath
  let children: [TreeChild]
  private var position = 0

  init(directory: TreePath, children: [TreeChild]) {
    self.directory = directory
    self.children = children
  }

  mutating func next() -> TreeChild? {
    guard position < children.count else { return nil }
    defer { position += 1 }
    return children[position]
  }
}
