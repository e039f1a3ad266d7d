internal import Archive
internal import Snapshots

/// A layer that file actions are working out: what it will hold, over the files it will lie on.
///
/// Nothing is written until the draft goes into a sink, sorted; so the layer's bytes do not depend on
/// the order of the actions.
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

  /// Names of one file: of one that a copy finds under several names, or that an archive links.
  struct LinkKey: Hashable, Sendable {
    let source: Int
    let identity: UInt64
  }

  /// The files below the new layer; nil where they are never looked at (`--link`).
  private let base: (any FileTree)?
  /// Where nothing may be put.
  private let readOnly: [TreePath]
  /// What is made gets this time.
  let now: FileTime
  /// What is copied gets this time; nil leaves it its own.
  private let fixedTime: FileTime?
  private(set) var items: [TreePath: Item] = [:]
  /// Directories of the base that made room for something else.
  private var cleared: Set<TreePath> = []
  private var linkSources = 0
  /// Where each linked file was put; by now something else may be there.
  private var names: [LinkKey: [TreePath]] = [:]

  /// - Parameter time: the time of all that is copied or made; nil stands for its own, or now.
  init(over base: (any FileTree)?, readOnly: [TreePath] = [], now: FileTime, time: FileTime? = nil)
  {
    self.base = base
    self.readOnly = readOnly
    self.now = time ?? now
    fixedTime = time
  }

  /// The time that a copy of a file gets.
  func copyTime(of source: FileTime) -> FileTime { fixedTime ?? source }

  /// The files that names of users are looked up in.
  var files: any FileTree { base ?? EmptyTree() }

  /// What is at a path once the layer is there.
  func node(at path: TreePath) throws -> FileNode? {
    if let item = items[path] { return FileNode(metadata: item.metadata) }
    return isCleared(path) ? nil : try base?.node(at: path)
  }

  /// The file at a path as one of the layer: the base's, if the layer has none yet.
  func item(at path: TreePath) throws -> Item? {
    if let item = items[path] { return item }
    guard !isCleared(path), let base, let node = try base.node(at: path) else { return nil }
    let hasContents = node.metadata.kind == .regular && node.metadata.size > 0
    return Item(metadata: node.metadata, contents: hasContents ? .file(base, path) : .none)
  }

  /// Numbers that tell the links of one source from those of all others.
  mutating func nextLinkSource() -> Int {
    linkSources += 1
    return linkSources
  }

  /// Puts a file at a path. A directory takes no other file's place, nor the other way round.
  mutating func put(_ item: Item, at path: TreePath) throws {
    try checkWritable(path)
    let isDirectory = item.metadata.kind == .directory
    if let existing = try node(at: path), existing.isDirectory != isDirectory {
      throw existing.isDirectory
        ? FileActionError.isADirectory(path.description)
        : FileActionError.notADirectory(path.description)
    }
    set(item, at: path)
  }

  /// Puts a file at a path, whatever is there.
  mutating func replace(with item: Item, at path: TreePath) throws {
    try checkWritable(path)
    let isDirectory = item.metadata.kind == .directory
    if let existing = try node(at: path), existing.isDirectory, !isDirectory {
      for known in items.keys where known.isWithin(path) { items[known] = nil }
      if try base?.node(at: path)?.isDirectory == true { cleared.insert(path) }
    }
    set(item, at: path)
  }

  /// Changes all names of a file at once.
  mutating func change(_ link: LinkKey, _ change: (inout FileMetadata) -> Void) {
    for path in names[link] ?? [] {
      guard var item = items[path], item.link == link else { continue }
      change(&item.metadata)
      items[path] = item
    }
  }

  private mutating func set(_ item: Item, at path: TreePath) {
    items[path] = item
    if let link = item.link { names[link, default: []].append(path) }
  }

  private func checkWritable(_ path: TreePath) throws {
    if readOnly.contains(where: { path.isWithin($0) }) {
      throw FileActionError.readOnlyDestination(path.description)
    }
  }

  private func isCleared(_ path: TreePath) -> Bool {
    if cleared.isEmpty { return false }
    var path = path
    while !path.isRoot {
      if cleared.contains(path) { return true }
      path = path.parent
    }
    return false
  }
}

// MARK: - Output

extension LayerDraft {
  /// Gives every file to `sink`, in path order.
  func write(to sink: any LayerSink) throws {
    var gone: Set<TreePath> = []
    for path in cleared { try collectGone(below: path, into: &gone) }
    var firstOfLink: [LinkKey: TreePath] = [:]
    for path in (Array(items.keys) + gone).sorted() {
      guard let item = items[path] else {
        try sink.addWhiteout(path)
        continue
      }
      if let link = item.link {
        if let first = firstOfLink[link] {
          try sink.add(path, item.metadata.hardLink(to: first), contents: nil)
          continue
        }
        firstOfLink[link] = path
      }
      switch item.contents {
      case .none: try sink.add(path, item.metadata, contents: nil)
      case .bytes(let bytes): try sink.add(path, item.metadata, contents: MemorySource(bytes))
      case .file(let tree, let source):
        try sink.add(path, item.metadata, contents: tree.open(source))
      }
    }
  }

  /// What the base would show in a directory that took the place of one of its own. Where a file did,
  /// it hides everything.
  private func collectGone(below path: TreePath, into gone: inout Set<TreePath>) throws {
    guard let base, items[path]?.metadata.kind == .directory else { return }
    for child in try base.children(of: path) {
      let entry = path.appending(child.name)
      if items[entry] == nil {
        gone.insert(entry)
      } else if child.node.isDirectory {
        try collectGone(below: entry, into: &gone)
      }
    }
  }
}

extension FileMetadata {
  /// A further name of a file.
  fileprivate func hardLink(to first: TreePath) -> FileMetadata {
    var link = self
    link.kind = .hardLink
    link.size = 0
    link.linkTarget = first.bytes
    return link
  }
}
