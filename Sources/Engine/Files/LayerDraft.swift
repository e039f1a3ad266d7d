internal import Archive
internal import BuildGraph
internal import DockerfileSyntax
internal import OCI
internal import Snapshots

/// A layer that file actions are working out: what it will hold, over the files it will lie on.
///
/// Nothing is read or written until the draft goes into a sink, sorted; so the layer's bytes do not
/// depend on the order of the actions.
struct LayerDraft {
  /// A file of the layer.
  struct Item: Sendable {
    var metadata: FileMetadata
    var contents: Contents
    /// Files that are one file in the source.
    var link: LinkKey?
  }

  enum Contents: Sendable {
    case none
    case bytes([UInt8])
    case file(any FileTree, TreePath)
  }

  struct LinkKey: Hashable, Sendable {
    let action: Int
    let identity: UInt64
  }

  /// The files below the new layer; nil where they are never looked at (`--link`).
  private let base: (any FileTree)?
  /// Where nothing may be put.
  private let readOnly: [TreePath]
  /// What implicit directories get as their time.
  private let now: FileTime
  private(set) var items: [TreePath: Item] = [:]
  private var actions = 0

  init(over base: (any FileTree)?, readOnly: [TreePath] = [], now: FileTime) {
    self.base = base
    self.readOnly = readOnly
    self.now = now
  }

  // MARK: - Actions

  /// Puts the files of a selection where `action` says. Throws `FileActionError`.
  ///
  /// - Parameter resetsOwners: files of a build context belong to root, whoever owns them on disk.
  mutating func copy(_ selection: SourceSelection, _ action: CopyAction, resetsOwners: Bool) throws
  {
    actions += 1
    let style = try CopyStyle(action, draft: self, resetsOwners: resetsOwners)
    for match in selection.matches {
      if action.keepsParents {
        try placeKeepingParents(match, selection.tree, action, style)
      } else if match.node.isDirectory {
        let target = try directory(at: TreePath(cleaning: action.destination), style.directory)
        try placeEntries(match.entries, of: selection.tree, in: target, style)
      } else {
        let target = try fileTarget(action.destination, name: match.name, style.directory)
        try place(match.path, match.node, of: selection.tree, at: target, style)
      }
    }
  }

  /// Makes a directory and its missing parents.
  mutating func makeDirectory(_ action: MakeDirectoryAction) throws {
    let owner = try action.owner.map { try Ownership($0, in: files, asUser: true) } ?? .root
    let template = DirectoryTemplate(permissions: action.mode, owner: owner)
    _ = try directory(at: TreePath(cleaning: action.path), template)
  }

  /// Makes a file with given contents.
  mutating func makeFile(_ action: MakeFileAction) throws {
    actions += 1
    let owner = try action.owner.map { try Ownership($0, in: files, asUser: false) } ?? .root
    let mode = try action.mode.map(CopyStyle.parse)
    let template = DirectoryTemplate(
      permissions: action.mode?.octal ?? 0o755, owner: owner)
    let target = try fileTarget(action.destination, name: Array(action.name.utf8), template)
    let metadata = FileMetadata(
      kind: .regular,
      permissions: mode.map { UInt16($0.apply(to: 0o644, isDirectory: false)) } ?? 0o644,
      userID: owner.userID, groupID: owner.groupID, size: Int64(action.contents.count),
      modificationTime: now)
    try put(Item(metadata: metadata, contents: .bytes(action.contents), link: nil), at: target)
  }

  private mutating func placeKeepingParents(
    _ match: SourceSelection.Match, _ tree: any FileTree, _ action: CopyAction, _ style: CopyStyle
  ) throws {
    let destination = try directory(at: TreePath(cleaning: action.destination), style.directory)
    var parent = destination
    for entry in match.parents {
      parent = destination.appending(entry.relative)
      try place(entry.path, entry.node, of: tree, at: parent, style)
    }
    let target = parent.appending(match.name)
    try place(match.path, match.node, of: tree, at: target, style)
    try placeEntries(match.entries, of: tree, in: target, style)
  }

  private mutating func placeEntries(
    _ entries: [SourceSelection.Entry], of tree: any FileTree, in target: TreePath,
    _ style: CopyStyle
  ) throws {
    for entry in entries {
      try place(entry.path, entry.node, of: tree, at: target.appending(entry.relative), style)
    }
  }

  private mutating func place(
    _ source: TreePath, _ node: FileNode, of tree: any FileTree, at target: TreePath,
    _ style: CopyStyle
  ) throws {
    var item = Item(metadata: style.metadata(of: node.metadata), contents: .none, link: nil)
    if node.metadata.kind == .regular {
      item.contents = node.metadata.size == 0 ? .none : .file(tree, source)
      item.link = node.linkIdentity.map { LinkKey(action: actions, identity: $0) }
    }
    try put(item, at: target)
  }

  private mutating func put(_ item: Item, at path: TreePath) throws {
    if readOnly.contains(where: { path.isWithin($0) }) {
      throw FileActionError.readOnlyDestination(path.description)
    }
    if let existing = try node(at: path), existing.isDirectory != (item.metadata.kind == .directory)
    {
      throw existing.isDirectory
        ? FileActionError.isADirectory(path.description)
        : FileActionError.notADirectory(path.description)
    }
    items[path] = item
  }

  // MARK: - Destinations

  /// Where a file goes: into `destination` where that is, or must be, a directory; else there.
  private mutating func fileTarget(
    _ destination: String, name: [UInt8], _ template: DirectoryTemplate
  ) throws -> TreePath {
    let path = TreePath(cleaning: destination)
    if destination.hasSuffix("/") || path.isRoot {
      return try directory(at: path, template).appending(name)
    }
    switch try walk(path) {
    case .found(let resolved, let node) where node.isDirectory: return resolved.appending(name)
    case .found(let resolved, _): return resolved
    case .missing:
      // A link that leads nowhere is followed too: the file is made where it points.
      let parent = try directory(at: path.parent, template)
      return try danglingTarget(parent.appending(path.name), template)
    case .blocked(let at): throw FileActionError.notADirectory(at.description)
    }
  }

  private mutating func danglingTarget(_ path: TreePath, _ template: DirectoryTemplate) throws
    -> TreePath
  {
    var path = path
    for _ in 0..<40 {
      guard let node = try node(at: path), node.metadata.kind == .symbolicLink else { return path }
      let target = LayerDraft.linkTarget(node.metadata.linkTarget, from: path.parent)
      path = try directory(at: target.parent, template).appending(target.name)
    }
    throw FileActionError.tooManyLinks(path.description)
  }

  /// The directory at a path with its links followed; what is missing on the way is made.
  private mutating func directory(at path: TreePath, _ template: DirectoryTemplate) throws
    -> TreePath
  {
    switch try walk(path) {
    case .found(let resolved, let node):
      guard node.isDirectory else { throw FileActionError.notADirectory(path.description) }
      return resolved
    case .blocked(let at): throw FileActionError.notADirectory(at.description)
    case .missing(let existing, let rest):
      var directory = existing
      for name in rest.components {
        directory = directory.appending(name)
        let metadata = FileMetadata(
          kind: .directory, permissions: template.permissions, userID: template.owner.userID,
          groupID: template.owner.groupID, modificationTime: now)
        try put(Item(metadata: metadata, contents: .none, link: nil), at: directory)
      }
      return directory
    }
  }

  private enum WalkResult {
    case found(TreePath, FileNode)
    /// The deepest directory that is there, and what is missing below it.
    case missing(TreePath, TreePath)
    /// Something on the way is no directory.
    case blocked(TreePath)
  }

  private func walk(_ path: TreePath) throws -> WalkResult {
    var resolved = TreePath.root
    var rest = path.components.map(Array.init)
    var links = 0
    while let name = rest.first {
      rest.removeFirst()
      if name == [UInt8(ascii: "."), UInt8(ascii: ".")] {
        resolved = resolved.parent
        continue
      }
      let next = resolved.appending(name)
      guard let node = try node(at: next) else {
        let missing = ([name] + rest).reduce(TreePath.root) { $0.appending($1) }
        return .missing(resolved, missing)
      }
      switch node.metadata.kind {
      case .directory: resolved = next
      case .symbolicLink:
        links += 1
        guard links <= 255 else { throw FileActionError.tooManyLinks(path.description) }
        let target = node.metadata.linkTarget
        if target.first == UInt8(ascii: "/") { resolved = .root }
        let parts = target.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
        rest.insert(contentsOf: parts.map(Array.init), at: 0)
      default:
        return rest.isEmpty ? .found(next, node) : .blocked(next)
      }
    }
    let directory = FileMetadata(kind: .directory, permissions: 0o755)
    return .found(resolved, try node(at: resolved) ?? FileNode(metadata: directory))
  }

  private static func linkTarget(_ target: [UInt8], from directory: TreePath) -> TreePath {
    target.first == UInt8(ascii: "/")
      ? TreePath(cleaning: target)
      : TreePath(cleaning: directory.bytes + [UInt8(ascii: "/")] + target)
  }

  private func node(at path: TreePath) throws -> FileNode? {
    if let item = items[path] { return FileNode(metadata: item.metadata) }
    // Below a file that the draft puts in a directory's place there is nothing; `put` refuses that.
    return try base?.node(at: path)
  }

  /// The files that names of users are looked up in.
  var files: any FileTree { base ?? EmptyTree() }

  // MARK: - Output

  /// Gives every file to `sink`, in path order.
  ///
  /// - Parameter describingParents: whether the base's directories that the files go into are given
  ///   too. A layer that is a directory has them, and an overlay shows what the topmost layer says.
  func write(to sink: any LayerSink, describingParents: Bool = false) throws {
    var firstOfLink: [LinkKey: TreePath] = [:]
    for path in describingParents ? pathsWithParents().sorted() : items.keys.sorted() {
      guard let item = items[path] else {
        if let directory = try base?.node(at: path), directory.isDirectory {
          try sink.add(path, directory.metadata, contents: nil)
        }
        continue
      }
      var metadata = item.metadata
      if let link = item.link {
        if let first = firstOfLink[link] {
          metadata.kind = .hardLink
          metadata.size = 0
          metadata.linkTarget = first.bytes
          try sink.add(path, metadata, contents: nil)
          continue
        }
        firstOfLink[link] = path
      }
      switch item.contents {
      case .none: try sink.add(path, metadata, contents: nil)
      case .bytes(let bytes): try sink.add(path, metadata, contents: MemorySource(bytes))
      case .file(let tree, let source):
        try sink.add(path, metadata, contents: tree.open(source))
      }
    }
  }
}

extension LayerDraft {
  private func pathsWithParents() -> Set<TreePath> {
    var paths = Set(items.keys)
    for path in items.keys {
      var parent = path.parent
      while !parent.isRoot, paths.insert(parent).inserted { parent = parent.parent }
    }
    return paths
  }
}

/// A directory that is made because something goes into it.
struct DirectoryTemplate {
  var permissions: UInt16
  var owner: Ownership
}

/// What a copy does to the metadata of its files.
struct CopyStyle {
  let directory: DirectoryTemplate
  private let owner: Ownership?
  private let mode: FileModeChange?

  init(_ action: CopyAction, draft: LayerDraft, resetsOwners: Bool) throws {
    let named = try action.owner.map { try Ownership($0, in: draft.files, asUser: false) }
    owner = named ?? (resetsOwners ? .root : nil)
    mode = try action.mode.map(CopyStyle.parse)
    // Implicit parents get an octal `--chmod` too, as with BuildKit.
    directory = DirectoryTemplate(
      permissions: action.mode?.octal ?? 0o755, owner: named ?? .root)
  }

  func metadata(of source: FileMetadata) -> FileMetadata {
    var result = source
    if let owner {
      result.userID = owner.userID
      result.groupID = owner.groupID
    }
    if let mode, source.kind != .symbolicLink {
      let changed = mode.apply(
        to: UInt32(source.permissions), isDirectory: source.kind == .directory)
      result.permissions = UInt16(changed & 0o7777)
    }
    return result
  }

  static func parse(_ change: ModeChange) throws -> FileModeChange {
    do {
      return try FileModeChange.parse(change.text)
    } catch {
      throw FileActionError.invalidMode(change.text)
    }
  }
}
