import Archive

/// How many symbolic links a path may lead through; more are taken for a loop.
private let mostLinks = 255

/// Names still to be gone through, the next one last.
private struct PendingNames {
  private var names: [ArraySlice<UInt8>]
  private var links = 0
  private let path: TreePath

  init(_ path: TreePath) {
    self.path = path
    names = path.components.reversed()
  }

  var isEmpty: Bool { names.isEmpty }

  mutating func next() -> ArraySlice<UInt8>? { names.popLast() }

  /// Puts the text of a symbolic link in front; true where it starts at the root.
  mutating func follow(_ link: [UInt8]) throws -> Bool {
    links += 1
    if links > mostLinks { throw TreeError.tooManyLinks(path) }
    let slash = UInt8(ascii: "/")
    names.append(contentsOf: link.split(separator: slash).reversed())
    return link.first == slash
  }
}

/// Where a path that is to be created begins to be missing.
package struct CreationPoint: Hashable, Sendable {
  /// The part that is there, free of symbolic links; a directory unless nothing is missing.
  package var existing: TreePath
  /// What has to be created in it; the root where nothing is missing.
  package var missing: TreePath

  package init(existing: TreePath, missing: TreePath) {
    self.existing = existing
    self.missing = missing
  }

  /// Where the file will be.
  package var path: TreePath { existing.appending(missing) }
}

extension FileTree {
  /// The file that a path leads to when symbolic links on the way are followed inside the tree: an
  /// absolute link starts at the tree's root, and `..` at the root stays there. Nil where there is
  /// no file; throws `TreeError.tooManyLinks` for loops.
  ///
  /// `followingLast` says whether a link as the last name is followed too.
  package func resolve(_ path: TreePath, followingLast: Bool = true) throws -> TreePath? {
    var pending = PendingNames(path)
    var current = TreePath.root
    while let name = pending.next() {
      guard let step = try step(from: current, name) else { return nil }
      let isLast = pending.isEmpty
      if step.node.metadata.kind == .symbolicLink, followingLast || !isLast {
        if try pending.follow(step.node.metadata.linkTarget) { current = .root }
      } else if !isLast && !step.node.isDirectory {
        return nil
      } else {
        current = step.path
      }
    }
    return current
  }

  /// How much of a path is there, following symbolic links, dangling ones too: what is created in
  /// their place is what they point to.
  ///
  /// Throws `TreeError.notADirectory` where the way leads through some other file.
  package func resolveForCreation(
    _ path: TreePath, followingLast: Bool = true
  ) throws -> CreationPoint {
    var pending = PendingNames(path)
    var existing = TreePath.root
    var missing: [ArraySlice<UInt8>] = []
    while let name = pending.next() {
      if isUp(name), missing.popLast() != nil { continue }
      if !missing.isEmpty {
        if !isCurrent(name) { missing.append(name) }
        continue
      }
      guard let step = try step(from: existing, name) else {
        missing.append(name)
        continue
      }
      let isLast = pending.isEmpty
      if step.node.metadata.kind == .symbolicLink, followingLast || !isLast {
        if try pending.follow(step.node.metadata.linkTarget) { existing = .root }
      } else if !isLast && !step.node.isDirectory {
        throw TreeError.notADirectory(step.path)
      } else {
        existing = step.path
      }
    }
    let remainder = TreePath(canonical: Array(missing.joined(separator: [UInt8(ascii: "/")])))
    return CreationPoint(existing: existing, missing: remainder)
  }

  /// The contents of a regular file, following symbolic links; nil where there is no file.
  package func readFile(_ path: TreePath, limit: Int) throws -> [UInt8]? {
    guard let resolved = try resolve(path), let node = try node(at: resolved) else { return nil }
    guard node.metadata.kind == .regular else { throw TreeError.notARegularFile(path) }
    guard node.metadata.size <= limit else { throw TreeError.tooLarge(path, limit: limit) }
    return try open(resolved).readAll(limit: limit)
  }

  /// One name further; `.` and `..` occur only in the text of links.
  private func step(
    from directory: TreePath, _ name: ArraySlice<UInt8>
  ) throws -> (path: TreePath, node: FileNode)? {
    let path =
      if isCurrent(name) {
        directory
      } else if isUp(name) {
        directory.parent
      } else {
        directory.appending(name)
      }
    return try node(at: path).map { (path, $0) }
  }

  private func isCurrent(_ name: ArraySlice<UInt8>) -> Bool { name.elementsEqual(".".utf8) }
  private func isUp(_ name: ArraySlice<UInt8>) -> Bool { name.elementsEqual("..".utf8) }
}
