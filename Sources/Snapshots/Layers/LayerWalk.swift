internal import Archive

/// Goes through a layer in the order of its tar, and writes it.
struct LayerWalk {
  private let tree: any LayerTree
  private let lower: (any FileTree)?
  private let writer: TarLayerWriter
  /// The first name of each file that has several: the others become hard links to it.
  private var firstNames: [UInt64: TreePath] = [:]

  /// Writes all of `tree`. `lower` is what the layers below show together: with it, an opaque
  /// directory becomes whiteouts of what it hides, and what is not changed is left out. With nil it
  /// is not known.
  static func write(
    _ tree: any LayerTree, above lower: (any FileTree)?, to writer: TarLayerWriter
  ) throws {
    var walk = LayerWalk(tree: tree, lower: lower, writer: writer)
    var hidesLower = false
    if case .file(_, let isOpaque) = try tree.layerNode(at: .root) { hidesLower = isOpaque }
    if hidesLower, lower == nil { try writer.addOpaque(.root) }
    try walk.write(entriesOf: .root, hidesLower: hidesLower)
  }

  private init(tree: any LayerTree, lower: (any FileTree)?, writer: TarLayerWriter) {
    self.tree = tree
    self.lower = lower
    self.writer = writer
  }

  private mutating func write(entriesOf directory: TreePath, hidesLower: Bool) throws {
    var hidden = (hidesLower ? try lower?.children(of: directory).map(\.name) : nil) ?? []
    hidden.reverse()
    for child in try tree.layerChildren(of: directory) {
      while let name = hidden.last, bytesPrecede(name, child.name) {
        try writer.addWhiteout(directory.appending(name))
        hidden.removeLast()
      }
      let isInLower = hidden.last == child.name
      if isInLower { hidden.removeLast() }
      let path = directory.appending(child.name)
      switch child.node {
      case .whiteout:
        if try hidesLower && lower != nil ? isInLower : mayBeInLower(path) {
          try writer.addWhiteout(path)
        }
      case .file(let node, let isOpaque):
        try write(node, path, isOpaque: isOpaque, isHidden: hidesLower)
      }
    }
    for name in hidden.reversed() { try writer.addWhiteout(directory.appending(name)) }
  }

  private mutating func write(
    _ node: FileNode, _ path: TreePath, isOpaque: Bool, isHidden: Bool
  ) throws {
    guard node.isDirectory else { return try write(file: node, path) }
    if try isOpaque || isHidden || isChanged(node, path) {
      try writer.add(path, node.metadata, contents: nil)
      if isOpaque, lower == nil { try writer.addOpaque(path) }
    }
    try write(entriesOf: path, hidesLower: isHidden || isOpaque)
  }

  private mutating func write(file node: FileNode, _ path: TreePath) throws {
    if let identity = node.linkIdentity {
      if let first = firstNames[identity] {
        var link = node.metadata
        link.kind = .hardLink
        link.linkTarget = first.bytes
        return try writer.add(path, link, contents: nil)
      }
      firstNames[identity] = path
    }
    let hasContents = node.metadata.kind == .regular && node.metadata.size > 0
    try writer.add(path, node.metadata, contents: hasContents ? tree.open(path) : nil)
  }

  /// A whiteout of what is not there says nothing, and would make the bytes depend on how the file
  /// came to be deleted.
  private func mayBeInLower(_ path: TreePath) throws -> Bool {
    guard let lower else { return true }
    return try lower.node(at: path) != nil
  }

  /// Whether a directory is more than a copy of the lower one, made because something in it changed.
  private func isChanged(_ node: FileNode, _ path: TreePath) throws -> Bool {
    guard let lower, let below = try lower.node(at: path) else { return true }
    return below.metadata != node.metadata
  }
}
