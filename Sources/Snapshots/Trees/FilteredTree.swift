package import Archive
package import OCI
import Synchronization

/// A tree without the files that a filter hides. Excluded directories are not even read.
package final class FilteredTree: FileTree {
  private let base: any FileTree
  private let filter: TreeFilter
  /// What is known of directories that are excluded themselves: whether they hold anything shown.
  private let occupied = Mutex<[TreePath: Bool]>([:])

  package init(_ base: any FileTree, _ filter: TreeFilter) {
    self.base = base
    self.filter = filter
  }

  package func node(at path: TreePath) throws -> FileNode? {
    guard isReachable(path), let node = try base.node(at: path),
      try isShown(path, isDirectory: node.isDirectory)
    else { return nil }
    return node
  }

  package func children(of path: TreePath) throws -> [TreeChild] {
    guard isReachable(path), path.isRoot || filter.decide(path, true) != .exclude else { return [] }
    return try base.children(of: path).filter {
      try isShown(path.appending($0.name), isDirectory: $0.node.isDirectory)
    }
  }

  package func open(_ path: TreePath) throws -> any ByteSource {
    guard isReachable(path), filter.decide(path, false) == .include else {
      throw TreeError.vanished(path)
    }
    return try base.open(path)
  }

  /// `node` is the proof that the file is shown.
  package func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    try base.contentDigest(of: path, node)
  }

  /// Whether there is a file at `path` that the filter keeps from being seen.
  package func hides(_ path: TreePath) throws -> Bool {
    try node(at: path) == nil && base.node(at: path) != nil
  }

  /// What hides a file, for people.
  package func explanation(of path: TreePath) -> String {
    filter.explain(path)
  }

  /// Whether no directory on the way is excluded with all its contents.
  private func isReachable(_ path: TreePath) -> Bool {
    var directory = path.parent
    while !directory.isRoot {
      if filter.decide(directory, true) == .exclude { return false }
      directory = directory.parent
    }
    return true
  }

  private func isShown(_ path: TreePath, isDirectory: Bool) throws -> Bool {
    if path.isRoot { return true }
    switch filter.decide(path, isDirectory) {
    case .include: return true
    case .exclude: return false
    case .excludeButDescend: return try isDirectory && holdsAnything(path)
    }
  }

  private func holdsAnything(_ directory: TreePath) throws -> Bool {
    if let known = occupied.withLock({ $0[directory] }) { return known }
    let result = try base.children(of: directory).contains {
      try isShown(directory.appending($0.name), isDirectory: $0.node.isDirectory)
    }
    occupied.withLock { $0[directory] = result }
    return result
  }
}
