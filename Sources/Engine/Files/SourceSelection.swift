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
    /// The name that a file gets in a destination directory.
    let name: [UInt8]
    let node: FileNode
    /// Where it is, symlinks followed.
    let path: TreePath
    /// What is taken from below a directory, parents before their entries; empty for other files.
    let entries: [Entry]
  }

  /// A file of a match.
  struct Entry: Sendable {
    /// Below the match.
    let relative: TreePath
    let path: TreePath
    let node: FileNode
    /// Whether this is a directory that is taken only because something in it is.
    let isOnTheWay: Bool
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
      if action.keepsParents {
        matches += try SourceFinder(tree: tree, excludes: excludes).matchesKeepingParents(
          of: source)
      } else {
        matches += try SourceFinder(tree: tree, excludes: excludes).matches(of: source)
      }
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
      // Each match has a folder of its own, whatever it is called.
      let label = TreePath(canonical: Array(String(index).utf8))
      let found = label.appending(Array("match".utf8)).appending(match.name)
      add(match.path, match.node, as: found)
      for entry in match.entries {
        add(entry.path, entry.node, as: found.appending(entry.relative))
      }
    }
    return try selection.digest(in: tree)
  }
}

/// Resolves the sources of a copy as BuildKit does (`solver/llbsolver/file/backend.go`, and
/// `ResolveWildcards` and `copy` in `tonistiigi/fsutil/copy`).
private struct SourceFinder {
  let tree: any FileTree
  let excludes: PatternMatcher

  func matches(of source: String) throws -> [SourceSelection.Match] {
    let everything = EntryFilter(includes: nil, excludes: excludes)
    guard GoPathMatch.containsWildcard(source) else {
      return [try match(at: TreePath(cleaning: source), given: source, everything)]
    }
    // Nothing at all is no error where a wildcard was given.
    return try expand(source).map { try match(at: $0, given: source, everything) }
  }

  /// `a/./b/c*`: what is matched keeps its path from the pivot on, which is the root without one.
  ///
  /// The pivot's directory is what is copied, and the rest picks among what is in it.
  func matchesKeepingParents(of source: String) throws -> [SourceSelection.Match] {
    let (pivot, rest) = SourceFinder.splitAtPivot(source)
    let wanted = PathCleaner.clean(rest)
    let includes = wanted == "." ? nil : try PatternMatcher([wanted])
    let filter = EntryFilter(includes: includes, excludes: excludes)
    if GoPathMatch.containsWildcard(pivot) {
      return try expand(pivot).map { try match(at: $0, given: source, filter) }
    }
    let base = TreePath(cleaning: pivot)
    // Only a name must be there; it may be a link to nothing, which is copied as it is.
    if !GoPathMatch.containsWildcard(rest),
      try tree.resolve(base.appending(TreePath(cleaning: rest)), followingLast: false) == nil
    {
      throw FileActionError.notFound(source)
    }
    return [try match(at: base, given: source, filter)]
  }

  private func match(
    at path: TreePath, given: String, _ filter: EntryFilter
  ) throws -> SourceSelection.Match {
    guard let resolved = try tree.resolve(path, followingLast: true),
      let node = try tree.node(at: resolved)
    else { throw FileActionError.notFound(given) }
    var entries: [SourceSelection.Entry] = []
    if node.isDirectory {
      var gatherer = EntryGatherer(tree: tree, filter: filter)
      try gatherer.gather(resolved, below: .root, filter.rootState)
      entries = gatherer.entries
    }
    return SourceSelection.Match(
      name: Array(path.name), node: node, path: resolved, entries: entries)
  }

  /// The paths that a pattern matches, in byte order; a matched directory is not descended into, and
  /// a link to a directory is none.
  private func expand(_ pattern: String) throws -> [TreePath] {
    let parts = TreePath(cleaning: pattern).components.map { String(decoding: $0, as: UTF8.self) }
    let fixed = parts.prefix { !GoPathMatch.containsWildcard($0) }
    let start = TreePath(cleaning: fixed.joined(separator: "/"))
    guard let resolved = try tree.resolve(start, followingLast: true) else {
      throw FileActionError.notFound(pattern)
    }
    var level = [resolved]
    for part in parts.dropFirst(fixed.count) {
      let pattern = try GoPathPattern(part)
      level = try level.flatMap { directory in
        try tree.children(of: directory).filter { pattern.matches($0.name) }
          .map { directory.appending($0.name) }
      }
    }
    return level
  }

  private static func splitAtPivot(_ source: String) -> (pivot: String, rest: String) {
    let parts = source.split(separator: "/", omittingEmptySubsequences: false)
    guard let pivot = parts.dropFirst().firstIndex(of: ".") else { return ("", source) }
    return (
      parts[..<pivot].joined(separator: "/"), parts[(pivot + 1)...].joined(separator: "/")
    )
  }
}

/// What is taken from below a directory: what is included, and not excluded.
private struct EntryFilter {
  struct State {
    fileprivate var included: PatternMatcher.State?
    fileprivate var excluded: PatternMatcher.State

    var isTaken: Bool { included?.isMatched != false && !excluded.isMatched }
  }

  /// Nil includes everything.
  let includes: PatternMatcher?
  let excludes: PatternMatcher

  var rootState: State { State(included: includes?.rootState, excluded: excludes.rootState) }

  func state(of path: TreePath, in parent: State) -> State {
    var state = parent
    if let includes, let included = parent.included {
      state.included = includes.state(ofPath: path.bytes, in: included)
    }
    if !excludes.isEmpty {
      state.excluded = excludes.state(ofPath: path.bytes, in: parent.excluded)
    }
    return state
  }

  /// Whether nothing below a directory that is not taken itself can be.
  func canSkip(_ path: TreePath, _ state: State) -> Bool {
    if excludes.canSkipDirectory(path.bytes, state.excluded) { return true }
    guard let includes, state.included?.isMatched == false else { return false }
    return !includes.mayMatch(below: path.bytes)
  }
}

/// Walks a directory and keeps what the filter takes.
private struct EntryGatherer {
  let tree: any FileTree
  let filter: EntryFilter
  private(set) var entries: [SourceSelection.Entry] = []
  /// The directories that lead to where the walk is and are not among the entries.
  private var onTheWay: [SourceSelection.Entry] = []

  init(tree: any FileTree, filter: EntryFilter) {
    self.tree = tree
    self.filter = filter
  }

  mutating func gather(
    _ directory: TreePath, below relative: TreePath, _ state: EntryFilter.State
  ) throws {
    for child in try tree.children(of: directory) {
      let path = directory.appending(child.name)
      let name = relative.appending(child.name)
      let state = filter.state(of: name, in: state)
      if state.isTaken {
        entries += onTheWay
        onTheWay = []
        entries.append(
          SourceSelection.Entry(relative: name, path: path, node: child.node, isOnTheWay: false))
        if child.node.isDirectory { try gather(path, below: name, state) }
      } else if child.node.isDirectory, !filter.canSkip(name, state) {
        onTheWay.append(
          SourceSelection.Entry(relative: name, path: path, node: child.node, isOnTheWay: true))
        try gather(path, below: name, state)
        // Either something in it was taken, and with it the directory, or nothing was.
        if onTheWay.last?.relative == name { onTheWay.removeLast() }
      }
    }
  }
}
