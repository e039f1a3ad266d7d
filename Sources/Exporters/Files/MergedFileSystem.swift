import Archive

/// Layers applied on one another, in memory and without contents.
///
/// Nothing is on a disk, so no symbolic link of a layer can lead out: links on the way to a file are
/// followed inside the tree, as container engines do it, and `..` stops at its root.
struct MergedFileSystem {
  /// A tree that is deeper overflows nobody's stack, and no path of Linux either.
  private static let deepest = 1024
  /// As Linux has it, for one path.
  private static let mostSymbolicLinks = 40

  private typealias Fault = ExportError.LayerFault

  let root = FileSystemNode.impliedDirectory()

  /// Applies a layer on those before it. Throws ``ExportError/LayerFault``.
  ///
  /// Whiteouts speak of lower layers, wherever in the layer they stand, so they come first.
  func apply(_ changes: LayerChanges, layer: Int) throws {
    for path in changes.opaqueDirectories {
      try directory(at: path, creating: false)?.children.removeAll()
    }
    for path in changes.whiteouts {
      let (parent, name) = Self.split(path)
      try directory(at: parent, creating: false)?.children[name] = nil
    }
    for file in changes.files { try add(file, layer: layer) }
  }

  private func add(_ file: LayerChanges.File, layer: Int) throws {
    let metadata = file.entry.metadata
    if file.path.isEmpty {
      if metadata.kind == .directory { root.metadata = metadata }
      return
    }
    let (parentPath, name) = Self.split(file.path)
    guard let parent = try directory(at: parentPath, creating: true) else { return }
    switch metadata.kind {
    case .hardLink:
      let target = try hardLinkTarget(of: file)
      if parent.children[name] !== target { parent.children[name] = target }
    case .directory:
      if let existing = parent.children[name], existing.isDirectory {
        existing.metadata = metadata
      } else {
        parent.children[name] = FileSystemNode(metadata)
      }
    case .regular:
      let origin = FileSystemNode.Origin(layer: layer, entry: file.index)
      parent.children[name] = FileSystemNode(metadata, origin: origin)
    case .symbolicLink, .characterDevice, .blockDevice, .fifo:
      parent.children[name] = FileSystemNode(metadata)
    }
  }

  private func hardLinkTarget(of file: LayerChanges.File) throws -> FileSystemNode {
    let path = try file.entry.validatedHardLinkTarget()
    let (parent, name) = Self.split(path)
    guard let node = try directory(at: parent, creating: false)?.children[name], !node.isDirectory
    else { throw Fault.danglingHardLink(Self.text(file.path), target: Self.text(path)) }
    return node
  }

  /// The directory at a path, links followed; nil where there is none and none shall be made.
  private func directory(at path: [UInt8], creating: Bool) throws -> FileSystemNode? {
    var stack = [root]
    var pending = Self.components(path)
    var links = 0
    while let name = pending.popLast() {
      if name == [0x2e] { continue }
      if name == [0x2e, 0x2e] {
        if stack.count > 1 { stack.removeLast() }
        continue
      }
      let current = stack[stack.count - 1]
      guard let child = current.children[name] else {
        guard creating else { return nil }
        let made = FileSystemNode.impliedDirectory()
        current.children[name] = made
        stack.append(made)
        guard stack.count < Self.deepest else { throw Fault.tooDeep(Self.text(path)) }
        continue
      }
      switch child.metadata.kind {
      case .directory: stack.append(child)
      case .symbolicLink:
        links += 1
        guard links <= Self.mostSymbolicLinks else {
          throw Fault.symbolicLinkLoop(Self.text(path))
        }
        if child.metadata.linkTarget.first == UInt8(ascii: "/") { stack = [root] }
        pending += Self.components(child.metadata.linkTarget)
      default:
        if creating { throw Fault.notADirectory(Self.text(path)) }
        return nil
      }
      guard stack.count < Self.deepest else { throw Fault.tooDeep(Self.text(path)) }
    }
    return stack.last
  }

  /// The components of a path, last first.
  private static func components(_ path: [UInt8]) -> [[UInt8]] {
    path.split(separator: UInt8(ascii: "/")).reversed().map { Array($0) }
  }

  private static func split(_ path: [UInt8]) -> (parent: [UInt8], name: [UInt8]) {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return ([], path) }
    return (Array(path[..<slash]), Array(path[(slash + 1)...]))
  }

  private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}
