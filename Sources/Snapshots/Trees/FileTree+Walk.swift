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
    var pending = [(path, try children(of: path)[...])]
    while let (directory, rest) = pending.last {
      guard let child = rest.first else {
        pending.removeLast()
        continue
      }
      pending[pending.count - 1].1.removeFirst()
      let path = directory.appending(child.name)
      if try visit(path, child.node) == .into, child.node.isDirectory {
        pending.append((path, try children(of: path)[...]))
      }
    }
  }
}
