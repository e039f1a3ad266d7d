package import Archive
package import OCI
import Synchronization

/// What a stack of layers looks like from the top: image-spec changesets, applied in thought.
package final class StackTree: FileTree {
  /// What lies over each other in one directory.
  private struct Directory {
    var node: FileNode
    /// The layers whose entries count, topmost first.
    var layers: [Int]
  }

  /// Directories that are remembered; a COPY of a large tree goes through them in order, so that few
  /// are wanted at a time.
  private static let rememberedDirectories = 4096

  private let layers: [any LayerTree]
  private let directories = Mutex<[TreePath: Directory]>([:])

  /// `layers` are topmost first; `base` lies below all of them.
  package init(layers: [any LayerTree], base: (any FileTree)? = nil) {
    self.layers = layers + (base.map { [BaseLayer(tree: $0)] } ?? [])
  }

  package func node(at path: TreePath) throws -> FileNode? {
    if path.isRoot { return try root().node }
    guard let parent = try directory(at: path.parent) else { return nil }
    return try topmost(of: path, in: parent)?.node
  }

  package func children(of path: TreePath) throws -> [TreeChild] {
    guard let directory = try directory(at: path) else { return [] }
    var merged: [LayerChild] = []
    for layer in directory.layers {
      let lower = try layers[layer].layerChildren(of: path).map { identified($0, in: layer) }
      merged = merged.isEmpty ? lower : StackTree.merge(merged, over: lower)
    }
    return merged.compactMap {
      guard case .file(let node, _) = $0.node else { return nil }
      return TreeChild(name: $0.name, node: node)
    }
  }

  package func open(_ path: TreePath) throws -> any ByteSource {
    try owner(of: path).open(path)
  }

  package func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    try owner(of: path).contentDigest(of: path, node)
  }

  private func owner(of path: TreePath) throws -> any LayerTree {
    guard let parent = try directory(at: path.parent), let found = try topmost(of: path, in: parent)
    else { throw TreeError.vanished(path) }
    return layers[found.layer]
  }

  /// The file that shows at a path, and the layer it comes from.
  private func topmost(
    of path: TreePath, in parent: Directory
  ) throws -> (node: FileNode, layer: Int)? {
    for layer in parent.layers {
      switch try layers[layer].layerNode(at: path).map({ identified($0, in: layer) }) {
      case nil: continue
      case .whiteout: return nil
      case .file(let node, _): return (node, layer)
      }
    }
    return nil
  }

  /// How a directory is made up; nil where the path is none.
  private func directory(at path: TreePath) throws -> Directory? {
    if path.isRoot { return try root() }
    if let known = directories.withLock({ $0[path] }) { return known }
    guard let parent = try directory(at: path.parent) else { return nil }
    var found: Directory?
    search: for layer in parent.layers {
      switch try layers[layer].layerNode(at: path).map({ identified($0, in: layer) }) {
      case nil: continue
      case .whiteout: break search
      // A file above hides the directory; a file below is hidden with all that is under it.
      case .file(let node, _) where !node.isDirectory: break search
      case .file(let node, let isOpaque):
        found = found ?? Directory(node: node, layers: [])
        found?.layers.append(layer)
        if isOpaque { break search }
      }
    }
    if let found { remember(found, path) }
    return found
  }

  /// Layers need not speak of the root; it is there all the same.
  private func root() throws -> Directory {
    if let known = directories.withLock({ $0[.root] }) { return known }
    var root = Directory(
      node: FileNode(metadata: FileMetadata(kind: .directory, permissions: 0o755)), layers: [])
    var isNamed = false
    for (index, layer) in layers.enumerated() {
      root.layers.append(index)
      guard case .file(let node, let isOpaque) = try layer.layerNode(at: .root) else { continue }
      if !isNamed { root.node = node }
      isNamed = true
      if isOpaque { break }
    }
    remember(root, .root)
    return root
  }

  private func remember(_ directory: Directory, _ path: TreePath) {
    directories.withLock {
      if $0.count >= StackTree.rememberedDirectories { $0.removeAll(keepingCapacity: true) }
      $0[path] = directory
    }
  }

  /// Two lists that are sorted by name, as one; where both have a name, the upper one counts.
  private static func merge(_ upper: [LayerChild], over lower: [LayerChild]) -> [LayerChild] {
    var result: [LayerChild] = []
    result.reserveCapacity(upper.count + lower.count)
    var rest = lower[...]
    for child in upper {
      while let next = rest.first, bytesPrecede(next.name, child.name) {
        result.append(next)
        rest.removeFirst()
      }
      if rest.first?.name == child.name { rest.removeFirst() }
      result.append(child)
    }
    return result + rest
  }

  private func identified(_ child: LayerChild, in layer: Int) -> LayerChild {
    LayerChild(name: child.name, node: identified(child.node, in: layer))
  }

  /// Layers number their files on their own, so the numbers of two layers must be kept apart.
  private func identified(_ found: LayerNode, in layer: Int) -> LayerNode {
    guard layer > 0, case .file(var node, let isOpaque) = found,
      let identity = node.linkIdentity
    else { return found }
    node.linkIdentity = identity ^ (UInt64(layer) &* 0x9E37_79B9_7F4A_7C15)
    return .file(node, opaque: isOpaque)
  }
}

/// A whole tree as the lowest layer.
private struct BaseLayer: LayerTree {
  let tree: any FileTree

  func layerNode(at path: TreePath) throws -> LayerNode? {
    try tree.node(at: path).map { .file($0, opaque: false) }
  }

  func layerChildren(of path: TreePath) throws -> [LayerChild] {
    try tree.children(of: path).map {
      LayerChild(name: $0.name, node: .file($0.node, opaque: false))
    }
  }

  func open(_ path: TreePath) throws -> any ByteSource { try tree.open(path) }

  func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest {
    try tree.contentDigest(of: path, node)
  }
}
