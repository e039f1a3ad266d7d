internal import Archive
internal import Snapshots

/// Finding the place where something goes, with the symbolic links of the layer and its base followed.
extension LayerDraft {
  /// Where a file goes: into `destination` where that is, or must be, a directory; else there.
  mutating func fileTarget(
    _ destination: String, name: [UInt8], _ template: DirectoryTemplate
  ) throws -> TreePath {
    let path = TreePath(cleaning: destination)
    if destination.hasSuffix("/") || path.isRoot {
      return try directory(at: path, template).appending(name)
    }
    switch try walk(path) {
    case .found(let resolved, let node) where node.isDirectory: return resolved.appending(name)
    case .found(let resolved, _): return resolved
    case .missing(let existing, let rest):
      // A link that leads nowhere is followed too: the file is made where it points.
      return try makeDirectories(rest.parent, in: existing, template).appending(rest.name)
    case .blocked(let at): throw FileActionError.notADirectory(at.description)
    }
  }

  /// The directory at a path with its links followed; what is missing on the way is made.
  mutating func directory(at path: TreePath, _ template: DirectoryTemplate) throws -> TreePath {
    try directory(at: path, below: .root, template)
  }

  /// The same below a directory that is a root to all links.
  mutating func directory(
    at path: TreePath, below root: TreePath, _ template: DirectoryTemplate
  ) throws -> TreePath {
    switch try walk(path, below: root) {
    case .found(let resolved, let node):
      guard node.isDirectory else { throw FileActionError.notADirectory(path.description) }
      return resolved
    case .blocked(let at): throw FileActionError.notADirectory(at.description)
    case .missing(let existing, let rest): return try makeDirectories(rest, in: existing, template)
    }
  }

  /// The directory that a path leads to; nil where there is none.
  func existingDirectory(at path: TreePath, below root: TreePath) throws -> TreePath? {
    guard case .found(let resolved, let node) = try walk(path, below: root), node.isDirectory
    else { return nil }
    return resolved
  }

  private mutating func makeDirectories(
    _ path: TreePath, in existing: TreePath, _ template: DirectoryTemplate
  ) throws -> TreePath {
    var directory = existing
    for name in path.components {
      directory = directory.appending(name)
      let metadata = FileMetadata(
        kind: .directory, permissions: template.permissions, userID: template.owner.userID,
        groupID: template.owner.groupID, modificationTime: now)
      try put(Item(metadata: metadata, contents: .none), at: directory)
    }
    return directory
  }

  private enum WalkResult {
    case found(TreePath, FileNode)
    /// The deepest directory that is there, and what is missing below it.
    case missing(TreePath, TreePath)
    /// Something on the way is no directory.
    case blocked(TreePath)
  }

  /// Goes along a path from `root`, which an absolute link starts at and `..` does not leave.
  private func walk(_ path: TreePath, below root: TreePath = .root) throws -> WalkResult {
    var resolved = root
    var missing: [ArraySlice<UInt8>] = []
    var rest: [ArraySlice<UInt8>] = path.components.reversed()
    var links = 0
    while let name = rest.popLast() {
      if name.elementsEqual("..".utf8) {
        // A directory that would have to be made first leads back as well as one that is there.
        if missing.popLast() == nil, resolved != root { resolved = resolved.parent }
        continue
      }
      guard missing.isEmpty, let node = try node(at: resolved.appending(name)) else {
        missing.append(name)
        continue
      }
      let next = resolved.appending(name)
      switch node.metadata.kind {
      case .directory: resolved = next
      case .symbolicLink:
        links += 1
        guard links <= 255 else { throw FileActionError.tooManyLinks(path.description) }
        let target = node.metadata.linkTarget
        if target.first == UInt8(ascii: "/") { resolved = root }
        let parts = target.split(separator: UInt8(ascii: "/")).filter {
          !$0.elementsEqual(".".utf8)
        }
        rest += parts.reversed()
      default:
        return rest.isEmpty ? .found(next, node) : .blocked(next)
      }
    }
    if !missing.isEmpty {
      return .missing(resolved, missing.reduce(TreePath.root) { $0.appending($1) })
    }
    let directory = FileMetadata(kind: .directory, permissions: 0o755)
    return .found(resolved, try node(at: resolved) ?? FileNode(metadata: directory))
  }
}
