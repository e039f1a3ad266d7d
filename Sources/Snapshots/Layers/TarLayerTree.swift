internal import Archive

/// A layer that is a blob, read through the index of its tar: nothing is unpacked.
struct TarLayerTree: LayerTree {
  let index: TarIndex
  let contents: TarContents
  let lower: LowerTree

  func layerNode(at path: TreePath) throws -> LayerNode? {
    guard let number = try index.find(path) else { return nil }
    let record = try index.record(number)
    // A layer says nothing of the root unless it has an entry for it.
    if path.isRoot, try record.isImplicit(), try !record.isOpaque() { return nil }
    return try node(of: record)
  }

  func layerChildren(of path: TreePath) throws -> [LayerChild] {
    guard let number = try index.find(path) else { return [] }
    return try index.entries(of: number).map { entry in
      let record = try index.record(entry)
      return LayerChild(name: try record.name(), node: try node(of: record))
    }
  }

  func open(_ path: TreePath) throws -> any ByteSource {
    guard let number = try index.find(path) else { throw LayerError.refused(path, .notRegular) }
    let record = try index.record(number)
    if try record.isWhiteout() { throw LayerError.refused(path, .notRegular) }
    let metadata = try record.metadata()
    switch metadata.kind {
    case .regular:
      return contents.source(from: try record.contentOffset(), size: metadata.size)
    case .hardLink:
      return try lower.tree().open(TreePath(canonical: metadata.linkTarget))
    default:
      throw LayerError.refused(path, .notRegular)
    }
  }

  private func node(of record: TarIndex.Record) throws -> LayerNode {
    if try record.isWhiteout() { return .whiteout }
    let isOpaque = try record.isOpaque()
    if try record.isImplicit() {
      let metadata = try lower.implicitDirectory(at: try record.path())
      return .file(FileNode(metadata: metadata), opaque: isOpaque)
    }
    let metadata = try record.metadata()
    if metadata.kind == .hardLink {
      let target = TreePath(canonical: metadata.linkTarget)
      guard let node = try lower.tree().node(at: target), !node.isDirectory else {
        throw LayerError.refused(try record.path(), .missingLinkTarget(target))
      }
      return .file(FileNode(metadata: node.metadata), opaque: false)
    }
    let node = FileNode(metadata: metadata, linkIdentity: try record.linkIdentity())
    return .file(node, opaque: isOpaque)
  }
}
