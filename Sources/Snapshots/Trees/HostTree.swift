package import Archive
package import OCI
import SystemPackage

/// The part of this machine that `HostSystem` shows, as a tree to copy from: what a step sees that
/// runs in it.
package final class HostTree: FileTree {
  private enum Place {
    /// A file or directory of the machine, by its path from the machine's root.
    case bind(TreePath)
    case madeUp(FileNode, contents: [UInt8])
  }

  private let machine: DirectoryTree
  private let places: [TreePath: Place]
  /// The names of all places, by their directories.
  private let names: [TreePath: [[UInt8]]]

  package init(_ system: HostSystem, cache: StatCache? = nil) throws {
    machine = try DirectoryTree(system.root, .init(readsExtendedAttributes: true, cache: cache))
    let root = TreePath(system.root)
    var places: [TreePath: Place] = [:]
    let empty = FileNode(metadata: FileMetadata(kind: .directory, permissions: 0o755))
    for entry in system.skeleton {
      places[entry.path] = .madeUp(FileNode(metadata: entry.metadata), contents: entry.contents)
    }
    for bind in system.binds {
      let source = TreePath(bind.source)
      places[bind.target] = .bind(source.relative(to: root) ?? source)
    }
    for mask in system.masks { places[mask] = .madeUp(empty, contents: []) }
    var names: [TreePath: [[UInt8]]] = [:]
    for path in places.keys where !path.isRoot {
      names[path.parent, default: []].append(Array(path.name))
    }
    self.places = places
    self.names = names
  }

  package func node(at path: TreePath) throws -> FileNode? {
    switch place(of: path) {
    case .bind(let source)?: try machine.node(at: source)
    case .madeUp(let node, _)?: node
    case nil: nil
    }
  }

  package func children(of path: TreePath) throws -> [TreeChild] {
    var children: [TreeChild] = []
    if case .bind(let source)? = place(of: path) { children = try machine.children(of: source) }
    guard let names = names[path] else { return children }
    children.removeAll { names.contains($0.name) }
    for name in names {
      if let node = try node(at: path.appending(name)) {
        children.append(TreeChild(name: name, node: node))
      }
    }
    return children.sorted { bytesPrecede($0.name, $1.name) }
  }

  package func open(_ path: TreePath) throws -> any ByteSource {
    switch place(of: path) {
    case .bind(let source)?: return try machine.open(source)
    case .madeUp(let node, let contents)? where node.metadata.kind == .regular:
      return MemorySource(contents)
    case .madeUp?: throw TreeError.notARegularFile(path)
    case nil: throw TreeError.vanished(path)
    }
  }

  package func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    if case .bind(let source)? = place(of: path) {
      return try machine.contentDigest(of: source, node)
    }
    return try open(path).sha256()
  }

  /// What is at a path: the deepest place at or above it decides.
  private func place(of path: TreePath) -> Place? {
    var holder = path
    while true {
      switch places[holder] {
      case .bind(let source)?:
        return .bind(path.relative(to: holder).map(source.appending) ?? source)
      case .madeUp? where holder == path: return places[holder]
      case .madeUp?: return nil
      case nil: if holder.isRoot { return nil }
      }
      holder = holder.parent
    }
  }
}

extension TreePath {
  /// The rest of the path behind `directory`; nil where it is not within it.
  func relative(to directory: TreePath) -> TreePath? {
    guard isWithin(directory) else { return nil }
    if directory.isRoot { return self }
    return TreePath(canonical: Array(bytes.dropFirst(directory.bytes.count + 1)))
  }
}
