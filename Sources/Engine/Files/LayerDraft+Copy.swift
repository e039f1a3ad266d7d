internal import Archive
internal import BuildGraph
internal import DockerfileSyntax
internal import Snapshots

/// What file actions other than the unpacking of archives do
/// (`tonistiigi/fsutil/copy`, `solver/llbsolver/file/backend.go`).
extension LayerDraft {
  /// Puts the files of a selection where `action` says. Throws `FileActionError`.
  ///
  /// - Parameter resetsOwners: files of a build context belong to root, whoever owns them on disk.
  mutating func copy(_ selection: SourceSelection, _ action: CopyAction, resetsOwners: Bool) throws
  {
    let style = try CopyStyle(action, over: files, resetsOwners: resetsOwners)
    for match in selection.matches {
      try copy(match, of: selection.tree, to: action.destination, style)
    }
  }

  /// Puts one match of a source where it goes.
  mutating func copy(
    _ match: SourceSelection.Match, of tree: any FileTree, to destination: String,
    _ style: CopyStyle
  ) throws {
    let links = nextLinkSource()
    guard match.node.isDirectory else {
      let target = try fileTarget(destination, name: match.name, style.directory)
      return try put(item(match.path, match.node, of: tree, links: links, style), at: target)
    }
    let target = try directory(at: TreePath(cleaning: destination), style.directory)
    try setTime(of: target, to: match.node.metadata.modificationTime)
    for entry in match.entries {
      try place(entry, of: tree, in: target, links: links, style)
    }
  }

  /// Makes a directory and its missing parents.
  mutating func makeDirectory(_ action: MakeDirectoryAction) throws {
    let owner = try action.owner.map { try Ownership($0, in: files) } ?? .root
    let template = DirectoryTemplate(permissions: action.mode, owner: owner)
    _ = try directory(at: TreePath(cleaning: action.path), template)
  }

  /// Makes a file with given contents.
  mutating func makeFile(_ action: MakeFileAction) throws {
    let owner = try action.owner.map { try Ownership($0, in: files) } ?? .root
    let mode = try action.mode.map(CopyStyle.parse)
    let template = DirectoryTemplate(
      permissions: CopyStyle.directoryPermissions(action.mode), owner: owner)
    let target = try fileTarget(action.destination, name: Array(action.name.utf8), template)
    let metadata = FileMetadata(
      kind: .regular,
      permissions: mode.map { UInt16($0.apply(to: 0o644, isDirectory: false)) } ?? 0o644,
      userID: owner.userID, groupID: owner.groupID, size: Int64(action.contents.count),
      modificationTime: now)
    try put(Item(metadata: metadata, contents: .bytes(action.contents)), at: target)
  }

  private mutating func place(
    _ entry: SourceSelection.Entry, of tree: any FileTree, in directory: TreePath, links: Int,
    _ style: CopyStyle
  ) throws {
    let target = directory.appending(entry.relative)
    var item = item(entry.path, entry.node, of: tree, links: links, style)
    if entry.node.isDirectory, let existing = try node(at: target), existing.isDirectory {
      let attributes = existing.metadata.extendedAttributes
      if entry.isOnTheWay {
        // It is only gone through: it gets the source's mode, and is left as it is otherwise.
        item.metadata = existing.metadata
        item.metadata.permissions = entry.node.metadata.permissions
      } else {
        item.metadata.add(attributes)
      }
    }
    try put(item, at: target)
  }

  private func item(
    _ path: TreePath, _ node: FileNode, of tree: any FileTree, links: Int, _ style: CopyStyle
  ) -> Item {
    var item = Item(metadata: style.metadata(of: node.metadata), contents: .none)
    item.metadata.modificationTime = copyTime(of: node.metadata.modificationTime)
    if node.metadata.kind == .regular {
      item.contents = node.metadata.size == 0 ? .none : .file(tree, path)
      item.link = node.linkIdentity.map { LinkKey(source: links, identity: $0) }
    }
    return item
  }

  /// A directory that another one's contents went into has that one's time.
  private mutating func setTime(of directory: TreePath, to time: FileTime) throws {
    guard !directory.isRoot, let node = try node(at: directory) else { return }
    var metadata = node.metadata
    metadata.modificationTime = copyTime(of: time)
    try put(Item(metadata: metadata, contents: .none), at: directory)
  }
}

extension FileMetadata {
  /// Adds the attributes that are not there.
  fileprivate mutating func add(_ attributes: [ExtendedAttribute]) {
    let names = Set(extendedAttributes.map(\.name))
    let missing = attributes.filter { !names.contains($0.name) }
    if missing.isEmpty { return }
    extendedAttributes = (extendedAttributes + missing)
      .sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }
}
