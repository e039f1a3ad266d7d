internal import Archive
internal import Snapshots

/// What `ADD` does with archives (`solver/llbsolver/file/unpack_root.go`): one member after the other
/// is put into the destination, which is the root to all links on the way. What is there gives way;
/// directories that no member names stay as they are.
extension LayerDraft {
  /// Directories that are needed and that no member describes.
  private static let impliedDirectory = DirectoryTemplate(permissions: 0o755, owner: .root)

  /// Unpacks an archive into the directory `destination`. Throws `FileActionError`.
  ///
  /// - Parameter owner: who shall own the files; nil leaves them their own.
  mutating func unpack(
    _ archive: ArchiveExpansion, to destination: String, owner: Ownership?
  ) throws {
    let template = DirectoryTemplate(permissions: 0o755, owner: owner ?? .root)
    let root = try directory(at: TreePath(cleaning: destination), template)
    let links = nextLinkSource()
    for (number, member) in archive.members.enumerated() {
      var metadata = member.metadata
      if let owner {
        metadata.userID = owner.userID
        metadata.groupID = owner.groupID
      }
      let parent = try directory(at: member.path.parent, below: root, Self.impliedDirectory)
      let target = parent.appending(member.path.name)
      switch metadata.kind {
      case .hardLink:
        let link = LinkKey(source: links, identity: UInt64(number))
        try self.link(metadata, at: target, below: root, link)
      case .directory:
        let existing = try existingDirectory(at: member.path, below: root)
        // The destination itself is no part of the archive.
        if existing == root { continue }
        try replace(with: Item(metadata: metadata, contents: .none), at: existing ?? target)
      default:
        let contents = member.contents.map { Contents.file(archive.tree, $0) } ?? .none
        try replace(with: Item(metadata: metadata, contents: contents), at: target)
      }
    }
  }

  /// Gives a file one more name; its metadata is then what the link says.
  private mutating func link(
    _ metadata: FileMetadata, at path: TreePath, below root: TreePath, _ newLink: LinkKey
  ) throws {
    let given = TreePath(canonical: metadata.linkTarget)
    guard let parent = try existingDirectory(at: given.parent, below: root),
      case let target = parent.appending(given.name), target != path,
      var item = try item(at: target), item.metadata.kind != .directory
    else { throw FileActionError.linkToNothing(path.description, target: given.description) }
    let link = item.link ?? newLink
    if item.link == nil {
      item.link = link
      try put(item, at: target)
    }
    try replace(with: item, at: path)
    change(link) {
      $0.userID = metadata.userID
      $0.groupID = metadata.groupID
      // There is no mode of a symbolic link, and its time stays.
      if $0.kind == .symbolicLink { return }
      $0.permissions = metadata.permissions
      $0.modificationTime = metadata.modificationTime
    }
  }
}
