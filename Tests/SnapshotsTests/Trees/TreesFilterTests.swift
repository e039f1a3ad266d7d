import Archive
import Snapshots
import Synchronization
import SystemPackage
import Testing

@Suite("A filtered tree")
struct TreesFilterTests {
  /// `target` is ignored but for `target/keep/me`; `secret` is ignored whole.
  private let filter = TreeFilter { path, _ in
    if path == TreePath(cleaning: "target/keep/me") { return .include }
    if path.isWithin(TreePath(cleaning: "target")) { return .excludeButDescend }
    return path.isWithin(TreePath(cleaning: "secret")) ? .exclude : .include
  }

  private func scratch() throws -> TreesScratch {
    let scratch = try TreesScratch()
    for name in [
      "main", "secret/key", "target/big", "target/keep/me", "target/keep/not", "target/other/x",
    ] {
      try scratch.write(name, name)
    }
    return scratch
  }

  @Test("shows an excluded directory with only what was taken back in")
  func reincluded() throws {
    let scratch = try scratch()
    let tree = FilteredTree(try DirectoryTree(scratch.path), filter)
    #expect(try listing(tree) == ["main", "target/", "target/keep/", "target/keep/me"])
    #expect(try tree.node(at: TreePath(cleaning: "target")) != nil)
    #expect(try tree.node(at: TreePath(cleaning: "target/other")) == nil)
    #expect(try text(tree, "target/keep/me") == "target/keep/me")
  }

  @Test("does not give away what it hides")
  func hidden() throws {
    let scratch = try scratch()
    let tree = FilteredTree(try DirectoryTree(scratch.path), filter)
    for name in ["secret", "secret/key", "target/big", "target/keep/not"] {
      #expect(try tree.node(at: TreePath(cleaning: name)) == nil)
      #expect(throws: TreeError.vanished(TreePath(cleaning: name))) {
        try tree.open(TreePath(cleaning: name))
      }
    }
    #expect(try tree.children(of: TreePath(cleaning: "secret")).isEmpty)
  }

  @Test("hides what is in an excluded directory even if the filter speaks of files only")
  func onlyDirectory() throws {
    let scratch = try scratch()
    let tree = FilteredTree(
      try DirectoryTree(scratch.path),
      TreeFilter { path, _ in path == TreePath(cleaning: "secret") ? .exclude : .include })
    #expect(try tree.node(at: TreePath(cleaning: "secret/key")) == nil)
    #expect(throws: TreeError.self) { try tree.open(TreePath(cleaning: "secret/key")) }
  }

  @Test("does not look into excluded directories")
  func pruned() throws {
    let scratch = try scratch()
    let asked = Mutex<[TreePath]>([])
    let filter = filter
    let recording = TreeFilter { path, isDirectory in
      asked.withLock { $0.append(path) }
      return filter.decide(path, isDirectory)
    }
    _ = try listing(FilteredTree(try DirectoryTree(scratch.path), recording))
    let paths = asked.withLock { $0 }
    #expect(paths.contains(TreePath(cleaning: "secret")))
    #expect(!paths.contains(TreePath(cleaning: "secret/key")))
  }

  @Test("shows everything where nothing is ignored")
  func everything() throws {
    let scratch = try scratch()
    let tree = try DirectoryTree(scratch.path)
    #expect(try listing(FilteredTree(tree, .everything)) == listing(tree))
  }
}
