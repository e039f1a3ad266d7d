internal import Archive
internal import BuildGraph
internal import DockerfileSyntax
internal import OCI
internal import Snapshots

/// What a copy takes from its source: found by the source's files alone, so that it can be keyed by
/// content before the destination is looked at.
struct SourceSelection: Sendable {
  /// One source argument, or one match of its wildcard.
  struct Match: Sendable {
    /// The name that the file gets in a destination directory.
    let name: [UInt8]
    let node: FileNode
    /// Where it is, symlinks followed.
    let path: TreePath
    /// With `--parents`: the directories between the pivot and the file, outermost first.
    let parents: [Entry]
    /// What is below a directory, parents before their entries; empty for other files.
    let entries: [Entry]
  }

  /// A file of a match.
  struct Entry: Sendable {
    /// Below the match; for parents, below the pivot.
    let relative: TreePath
    let path: TreePath
    let node: FileNode
  }

  let tree: any FileTree
  let matches: [Match]

  init(tree: any FileTree, matches: [Match]) {
    self.tree = tree
    self.matches = matches
  }

  /// Finds what `action` takes from `tree`. Throws `FileActionError`.
  init(_ action: CopyAction, from tree: any FileTree) throws {
    self.tree = tree
    let excludes = try PatternMatcher(action.excludes)
    var matches: [Match] = []
    for source in action.sources {
      let finder = SourceFinder(tree: tree, excludes: excludes, keepsParents: action.keepsParents)
      matches += try finder.matches(of: source)
    }
    self.matches = matches
  }

  /// What the selection is, whatever its files are called on disk and whenever they were changed.
  ///
  /// - Parameter resetsOwners: whether everything will belong to root, whoever owns it now.
  func contentDigest(resetsOwners: Bool) throws -> Digest {
    var selection = TreeSelection()
    func add(_ path: TreePath, _ node: FileNode, as name: TreePath) {
      var node = node
      if resetsOwners {
        node.metadata.userID = 0
        node.metadata.groupID = 0
      }
      selection.add(path, node, as: name)
    }
    for (index, match) in matches.enumerated() {
      // Parents and entries have folders of their own, whatever the match is called.
      let label = TreePath(canonical: Array(String(index).utf8))
      let found = label.appending(Array("match".utf8)).appending(match.name)
      let parents = label.appending(Array("parents".utf8))
      add(match.path, match.node, as: found)
      for parent in match.parents {
        add(parent.path, parent.node, as: parents.appending(parent.relative))
      }
      for entry in match.entries {
        add(entry.path, entry.node, as: found.appending(entry.relative))
      }
    }
    return try selection.digest(in: tree)
  }
}

/// Resolves the sources of a copy as BuildKit does (`solver/llbsolver/file/backend.go`).
private struct SourceFinder {
  let tree: any FileTree
  let excludes: PatternMatcher
  let keepsParents: Bool

  func matches(of source: String) throws -> [SourceSelection.Match] {
    if keepsParents { return try matchesKeepingParents(of: source) }
    let path = TreePath(cleaning: source)
    guard GoPathMatch.containsWildcard(source) else {
      return [try match(at: path, name: Array(path.name), given: source)]
    }
    // Nothing at all is no error where a wildcard was given.
    return try expand(path).map { try match(at: $0, name: Array($0.name), given: source) }
  }

  private func match(
    at path: TreePath, name: [UInt8], given: String, parents: [SourceSelection.Entry] = []
  )
    throws -> SourceSelection.Match
  {
    guard let resolved = try tree.resolve(path, followingLast: true),
      let node = try tree.node(at: resolved)
    else { throw FileActionError.notFound(given) }
    var entries: [SourceSelection.Entry] = []
    if node.isDirectory {
      try collect(resolved, below: .root, state: excludes.rootState, into: &entries)
    }
    return SourceSelection.Match(
      name: name, node: node, path: resolved, parents: parents, entries: entries)
  }

  private func collect(
    _ directory: TreePath, below relative: TreePath, state: PatternMatcher.State,
    into entries: inout [SourceSelection.Entry]
  ) throws {
    for child in try tree.children(of: directory) {
      let path = directory.appending(child.name)
      let name = relative.appending(child.name)
      var childState = state
      if !excludes.isEmpty {
        childState = excludes.state(ofPath: name.bytes, in: state)
        if childState.isMatched {
          guard child.node.isDirectory, !excludes.canSkipDirectory(name.bytes, childState) else {
            continue
          }
        }
      }
      entries.append(SourceSelection.Entry(relative: name, path: path, node: child.node))
      if child.node.isDirectory {
        try collect(path, below: name, state: childState, into: &entries)
      }
    }
  }

  /// The paths that a pattern matches, in byte order; a matched directory is not descended into.
  private func expand(_ pattern: TreePath) throws -> [TreePath] {
    let parts = pattern.components.map { String(decoding: $0, as: UTF8.self) }
    let fixed = parts.prefix { !GoPathMatch.containsWildcard($0) }
    let start = TreePath(cleaning: fixed.joined(separator: "/"))
    guard let resolved = try tree.resolve(start, followingLast: true) else { return [] }
    var level = [resolved]
    for part in parts.dropFirst(fixed.count) {
      var next: [TreePath] = []
      for directory in level {
        for child in try tree.children(of: directory) {
          let name = String(decoding: child.name, as: UTF8.self)
          if try GoPathMatch.matches(pattern: part, path: name) {
            next.append(directory.appending(child.name))
          }
        }
      }
      level = next
    }
    return level
  }

  // MARK: --parents

  /// `a/./b/c*`: what is matched keeps its path from the pivot on, which is the root without one.
  private func matchesKeepingParents(of source: String) throws -> [SourceSelection.Match] {
    let (pivot, rest) = SourceFinder.splitAtPivot(source)
    guard let base = try tree.resolve(TreePath(cleaning: pivot), followingLast: true) else {
      throw FileActionError.notFound(source)
    }
    let hasWildcard = GoPathMatch.containsWildcard(rest)
    if !hasWildcard {
      let path = base.appending(TreePath(cleaning: rest))
      return [try match(at: path, keepingFrom: base, given: source)]
    }
    let wanted = try PatternMatcher([rest])
    var found: [TreePath] = []
    try search(base, below: .root, state: wanted.rootState, for: wanted, into: &found)
    return try found.map { try match(at: $0, keepingFrom: base, given: source) }
  }

  private func match(at path: TreePath, keepingFrom base: TreePath, given: String) throws
    -> SourceSelection.Match
  {
    var parents: [SourceSelection.Entry] = []
    var directory = path.parent
    while directory.bytes.count > base.bytes.count {
      guard let node = try tree.node(at: directory) else { break }
      let skipped = base.isRoot ? 0 : base.bytes.count + 1
      let relative = TreePath(canonical: Array(directory.bytes.dropFirst(skipped)))
      parents.insert(
        SourceSelection.Entry(relative: relative, path: directory, node: node), at: 0)
      directory = directory.parent
    }
    return try match(at: path, name: Array(path.name), given: given, parents: parents)
  }

  private func search(
    _ directory: TreePath, below relative: TreePath, state: PatternMatcher.State,
    for wanted: PatternMatcher, into found: inout [TreePath]
  ) throws {
    for child in try tree.children(of: directory) {
      let name = relative.appending(child.name)
      let path = directory.appending(child.name)
      let childState = wanted.state(ofPath: name.bytes, in: state)
      if childState.isMatched {
        found.append(path)
      } else if child.node.isDirectory {
        try search(path, below: name, state: childState, for: wanted, into: &found)
      }
    }
  }

  private static func splitAtPivot(_ source: String) -> (pivot: String, rest: String) {
    let parts = source.split(separator: "/", omittingEmptySubsequences: false)
    guard let pivot = parts.dropFirst().firstIndex(of: ".") else { return ("", source) }
    return (
      parts[..<pivot].joined(separator: "/"), parts[(pivot + 1)...].joined(separator: "/")
    )
  }
}
