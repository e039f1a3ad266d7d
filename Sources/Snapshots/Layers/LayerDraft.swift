internal import Archive

/// The files of a layer while its tar is written or read, before they become a ``TarIndex``.
///
/// It follows a tar as an unpacker does: a later entry takes the place of an earlier one, a hard link
/// keeps the file that its target was at that moment, and a name of this layer wins over a whiteout of
/// the same name, because whiteouts speak of lower layers only.
struct LayerDraft {
  /// A file apart from its names.
  struct File {
    var metadata: FileMetadata
    var contentOffset: Int64
    var nameCount = 1
  }

  enum Content {
    /// A directory that nobody described: it has what lower layers say of it.
    case implicitDirectory
    case file(Int)
    case whiteout
  }

  final class Node {
    var content: Content
    var isOpaque = false
    var children: [[UInt8]: Node] = [:]

    init(_ content: Content) {
      self.content = content
    }
  }

  private(set) var files: [File] = []
  let root = Node(.implicitDirectory)
  /// Where the last entry went: most have the same parent as the one before.
  private var lastParent: (path: TreePath, node: Node)?

  /// Adds a file, or says more of a directory. The metadata of a hard link to a lower layer's file
  /// is kept with its target.
  mutating func add(
    _ path: TreePath, _ metadata: FileMetadata, contentOffset: Int64
  ) throws(LayerError) {
    guard !path.isRoot else {
      guard metadata.kind == .directory else { throw .refused(path, .rootNotDirectory) }
      return setContent(of: root, makeFile(metadata, contentOffset))
    }
    let parent = try parent(of: path)
    let content: Content
    if metadata.kind == .hardLink {
      content = try link(path, to: TreePath(canonical: metadata.linkTarget), metadata)
    } else {
      content = makeFile(metadata, contentOffset)
    }
    let name = Array(path.name)
    guard let existing = parent.children[name] else {
      parent.children[name] = Node(content)
      return
    }
    let becomesDirectory = metadata.kind == .directory
    switch existing.content {
    case .whiteout:
      let node = Node(content)
      node.isOpaque = becomesDirectory
      parent.children[name] = node
    case .implicitDirectory where becomesDirectory:
      setContent(of: existing, content)
    case .file(let index) where becomesDirectory && files[index].metadata.kind == .directory:
      setContent(of: existing, content)
    case .file, .implicitDirectory:
      setContent(of: existing, content)
      existing.children = [:]
      existing.isOpaque = becomesDirectory
      lastParent = nil
    }
  }

  /// Takes the lower layers' file of this name away.
  mutating func hide(_ path: TreePath) throws(LayerError) {
    let parent = try parent(of: path)
    let name = Array(path.name)
    guard let existing = parent.children[name] else {
      parent.children[name] = Node(.whiteout)
      return
    }
    if isDirectory(existing) { existing.isOpaque = true }
  }

  /// Takes away all that lower layers have in a directory.
  mutating func makeOpaque(_ path: TreePath) throws(LayerError) {
    let node = try directory(path, for: path)
    node.isOpaque = true
  }

  /// The file that a path of this layer names, for a hard link; nil where the layer has none.
  func file(at path: TreePath) -> Int? {
    var node = root
    for component in path.components {
      guard let next = node.children[Array(component)] else { return nil }
      node = next
    }
    if case .file(let index) = node.content { return index }
    return nil
  }

  private mutating func link(
    _ path: TreePath, to target: TreePath, _ metadata: FileMetadata
  ) throws(LayerError) -> Content {
    if target.isRoot { throw .refused(path, .linkToDirectory(target)) }
    guard let index = file(at: target) else {
      if path == target { throw .refused(path, .missingLinkTarget(target)) }
      return makeFile(metadata, 0)
    }
    if files[index].metadata.kind == .directory { throw .refused(path, .linkToDirectory(target)) }
    files[index].nameCount += 1
    return .file(index)
  }

  private mutating func makeFile(_ metadata: FileMetadata, _ contentOffset: Int64) -> Content {
    files.append(File(metadata: metadata, contentOffset: contentOffset))
    return .file(files.count - 1)
  }

  private mutating func setContent(of node: Node, _ content: Content) {
    if case .file(let index) = node.content { files[index].nameCount -= 1 }
    node.content = content
  }

  private func isDirectory(_ node: Node) -> Bool {
    switch node.content {
    case .implicitDirectory: true
    case .file(let index): files[index].metadata.kind == .directory
    case .whiteout: false
    }
  }

  private mutating func parent(of path: TreePath) throws(LayerError) -> Node {
    let parent = path.parent
    if let lastParent, lastParent.path == parent { return lastParent.node }
    let node = try directory(parent, for: path)
    lastParent = (parent, node)
    return node
  }

  /// The node of a directory, made where there is none.
  private mutating func directory(
    _ directory: TreePath, for path: TreePath
  ) throws(LayerError) -> Node {
    var node = root
    for component in directory.components {
      let name = Array(component)
      guard let next = node.children[name] else {
        let made = Node(.implicitDirectory)
        node.children[name] = made
        node = made
        continue
      }
      if case .whiteout = next.content {
        next.content = .implicitDirectory
        next.isOpaque = true
      }
      guard isDirectory(next) else { throw .refused(path, .belowNonDirectory) }
      node = next
    }
    return node
  }
}
