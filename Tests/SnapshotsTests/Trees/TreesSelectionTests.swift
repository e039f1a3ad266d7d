import Archive
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

@Suite("The digest of a selection of files")
struct TreesSelectionTests {
  private func scratch() throws -> TreesScratch {
    let scratch = try TreesScratch()
    try scratch.write("d/a", "1")
    try scratch.write("d/b", "2")
    try scratch.link("d/link", to: "a")
    return scratch
  }

  private func digest(_ scratch: TreesScratch, _ path: String = "d") throws -> Digest {
    try DirectoryTree(scratch.path, .init(readsExtendedAttributes: true))
      .contentDigest(ofSubtree: TreePath(cleaning: path))
  }

  @Test("does not see times, places and hard links")
  func blind() throws {
    let (one, other) = (try scratch(), try scratch())
    try other.setTimes("d", seconds: 5)
    try other.setTimes("d/a", seconds: 6)
    try #require(link(other.at("d/b"), other.at("elsewhere")) == 0)
    rename(other.at("d"), other.at("e"))
    #expect(try digest(one) == digest(other, "e"))
  }

  @Test("sees everything else")
  func sees() throws {
    let changes: [(String, (TreesScratch) throws -> Void)] = [
      ("contents", { try $0.write("d/a", "3") }),
      ("a name", { _ = rename($0.at("d/a"), $0.at("d/A")) }),
      ("a new file", { try $0.write("d/c") }),
      ("an empty directory", { try $0.directory("d/c") }),
      ("a mode", { _ = chmod($0.at("d/a"), 0o755) }),
      ("the mode of the top", { _ = chmod($0.at("d"), 0o700) }),
      (
        "a link",
        {
          _ = unlink($0.at("d/link"))
          try $0.link("d/link", to: "b")
        }
      ),
      (
        "a file for a link",
        {
          _ = unlink($0.at("d/link"))
          try $0.write("d/link", "a")
        }
      ),
      ("an attribute", { try $0.attribute("d/a", "user.x", "y") }),
      (
        "swapped contents",
        {
          try $0.write("d/a", "2")
          try $0.write("d/b", "1")
        }
      ),
      (
        "a moved byte",
        {
          try $0.write("d/a", "12")
          try $0.write("d/b", "")
        }
      ),
    ]
    var seen: [Digest: String] = [try digest(scratch()): "nothing"]
    for (what, change) in changes {
      let changed = try scratch()
      try change(changed)
      let twin = seen.updateValue(what, forKey: try digest(changed))
      #expect(twin == nil, "\(what) looks like \(twin ?? "")")
    }
  }

  @Test("counts names as given, owners as changed, and the order")
  func names() throws {
    let scratch = try scratch()
    let tree = try DirectoryTree(scratch.path)
    let (a, b) = (TreePath(cleaning: "d/a"), TreePath(cleaning: "d/b"))
    let digest = { (names: [(TreePath, TreePath)], user: UInt32) in
      var selection = TreeSelection()
      for (path, name) in names {
        var node = try #require(try tree.node(at: path))
        node.metadata.userID = user
        selection.add(path, node, as: name)
      }
      return try selection.digest(in: tree)
    }
    let plain = try digest([(a, a)], 0)
    #expect(try digest([(a, a)], 0) == plain)
    #expect(try digest([(a, b)], 0) != plain)
    #expect(try digest([(a, a)], 1) != plain)
    #expect(try digest([(a, a), (b, b)], 0) != digest([(b, b), (a, a)], 0))
    #expect(try digest([], 0) != plain)
    #expect(try tree.contentDigest(ofSubtree: TreePath(cleaning: "none")) == digest([], 0))
  }

  @Test("leaves out what it is told to, with all its entries")
  func leftOut() throws {
    let scratch = try scratch()
    try scratch.write("d/skip/x")
    let tree = try DirectoryTree(scratch.path)
    var selection = TreeSelection()
    try selection.addSubtree(of: tree, at: TreePath(cleaning: "d"), as: TreePath(cleaning: "to")) {
      $0 == TreePath(cleaning: "d/skip") ? nil : $1
    }
    #expect(
      selection.items.map(\.name)
        == ["to", "to/a", "to/b", "to/link"].map { TreePath(cleaning: $0) })
  }

  @Test("is the same for many files on many threads, with a cache and without")
  func many() throws {
    let scratch = try TreesScratch()
    for index in 0..<500 { try scratch.write("d\(index % 7)/f\(index)", "contents \(index)") }
    let plain = try DirectoryTree(scratch.path)
    let expected = try plain.contentDigest(ofSubtree: .root)
    let cache = StatCache(loading: FilePath(scratch.at("cache")))
    let cached = try DirectoryTree(scratch.path, .init(cache: cache))
    for _ in 0..<3 { #expect(try cached.contentDigest(ofSubtree: .root) == expected) }
    var selection = TreeSelection()
    try selection.addSubtree(of: plain, at: .root)
    for (item, digest) in zip(selection.items, try selection.contentDigests(in: plain)) {
      guard item.node.metadata.kind == .regular else {
        #expect(digest == nil)
        continue
      }
      #expect(digest == .sha256(of: try plain.open(item.path).readAll(limit: 100)))
    }
  }

  @Test("fails with the first file that cannot be read")
  func failure() throws {
    let scratch = try TreesScratch()
    for index in 0..<200 { try scratch.write("f\(index)", "contents") }
    let tree = try DirectoryTree(scratch.path)
    var selection = TreeSelection()
    try selection.addSubtree(of: tree, at: .root)
    unlink(scratch.at("f100"))
    #expect(throws: TreeError.vanished(TreePath(cleaning: "f100"))) {
      try selection.digest(in: tree)
    }
  }
}
