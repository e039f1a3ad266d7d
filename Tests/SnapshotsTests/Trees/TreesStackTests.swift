import Archive
import CLinux
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

@Suite("A stack of layers")
struct TreesStackTests {
  private func whiteout(_ scratch: TreesScratch, _ name: String) throws {
    try scratch.directory(TreePath(cleaning: name).parent)
    try #require(slipway_make_whiteout(AT_FDCWD, scratch.at(name)) == 0)
  }

  private func stack(_ layers: TreesScratch..., base: TreesScratch? = nil) throws -> StackTree {
    StackTree(
      layers: try layers.map { try LayerDirectoryTree($0.path) },
      base: try base.map { try DirectoryTree($0.path) })
  }

  @Test("shows the upper of two files, and merges directories")
  func merging() throws {
    let (upper, lower) = (try TreesScratch(), try TreesScratch())
    try upper.write("d/a", "upper")
    try upper.write("d/c", "upper")
    chmod(upper.at("d"), 0o700)
    try lower.write("d/a", "lower")
    try lower.write("d/b", "lower")
    try lower.write("e/x", "lower")
    let tree = try stack(upper, lower)
    #expect(try listing(tree) == ["d/", "d/a", "d/b", "d/c", "e/", "e/x"])
    #expect(try text(tree, "d/a") == "upper")
    #expect(try text(tree, "d/b") == "lower")
    let directory = try #require(try tree.node(at: TreePath(cleaning: "d")))
    #expect(directory.metadata.permissions == 0o700)
    let a = try #require(try tree.node(at: TreePath(cleaning: "d/a")))
    #expect(
      try tree.contentDigest(of: TreePath(cleaning: "d/a"), a) == .sha256(of: Array("upper".utf8)))
  }

  @Test("hides what a whiteout takes away, and only below it", .enabled(if: isRoot))
  func whiteouts() throws {
    let (top, middle, bottom) = (try TreesScratch(), try TreesScratch(), try TreesScratch())
    try bottom.write("gone/x")
    try bottom.write("again/old")
    try bottom.write("file")
    try whiteout(middle, "gone")
    try whiteout(middle, "again")
    try whiteout(middle, "file")
    try whiteout(middle, "never-there")
    try top.write("again/new")
    let tree = try stack(top, middle, bottom)
    #expect(try listing(tree) == ["again/", "again/new"])
    #expect(try tree.node(at: TreePath(cleaning: "gone/x")) == nil)
    #expect(try tree.node(at: TreePath(cleaning: "again/old")) == nil)
    #expect(throws: TreeError.vanished(TreePath(cleaning: "gone/x"))) {
      try tree.open(TreePath(cleaning: "gone/x"))
    }
  }

  @Test("takes an empty file with the whiteout attribute for one")
  func attributeWhiteout() throws {
    let (upper, lower) = (try TreesScratch(), try TreesScratch())
    try lower.write("file")
    try upper.write("file")
    try upper.attribute("file", "user.overlay.whiteout", "y")
    #expect(try listing(try stack(upper, lower)).isEmpty)
  }

  @Test("hides what lies below an opaque directory", arguments: ["user", "trusted"])
  func opaque(_ namespace: String) throws {
    guard isRoot || namespace == "user" else { return }
    let (top, upper, lower) = (try TreesScratch(), try TreesScratch(), try TreesScratch())
    try top.write("d/top")
    try upper.write("d/new")
    try upper.attribute("d", "\(namespace).overlay.opaque", "y")
    try lower.write("d/old")
    try lower.write("d/sub/old")
    let tree = try stack(top, upper, lower)
    #expect(try listing(tree) == ["d/", "d/new", "d/top"])
    #expect(try tree.node(at: TreePath(cleaning: "d/sub")) == nil)
    #expect(try tree.children(of: TreePath(cleaning: "d/sub")).isEmpty)
    let node = try #require(
      try LayerDirectoryTree(upper.path).layerNode(at: TreePath(cleaning: "d")))
    guard case .file(let file, opaque: true) = node else {
      Issue.record("not opaque: \(node)")
      return
    }
    #expect(file.metadata.extendedAttributes.isEmpty)
  }

  @Test("lets a file hide a directory, and a directory a file")
  func kinds() throws {
    let (upper, lower) = (try TreesScratch(), try TreesScratch())
    try upper.write("was-directory", "file")
    try lower.write("was-directory/x")
    try upper.write("was-file/x", "x")
    try lower.write("was-file", "file")
    try lower.link("was-link", to: "was-directory")
    try upper.write("was-link/y")
    let tree = try stack(upper, lower)
    #expect(
      try listing(tree) == ["was-directory", "was-file/", "was-file/x", "was-link/", "was-link/y"])
    #expect(try tree.node(at: TreePath(cleaning: "was-directory/x")) == nil)
    #expect(try tree.children(of: TreePath(cleaning: "was-directory")).isEmpty)
  }

  @Test("does not show a directory again from under the file that hid it")
  func sandwich() throws {
    let (top, middle, bottom) = (try TreesScratch(), try TreesScratch(), try TreesScratch())
    try top.write("d/top")
    try middle.write("d", "a file")
    try bottom.write("d/bottom")
    #expect(try listing(try stack(top, middle, bottom)) == ["d/", "d/top"])
  }

  @Test("stands on another tree")
  func base() throws {
    let (upper, base) = (try TreesScratch(), try TreesScratch())
    try upper.write("d/a", "upper")
    try base.write("d/a", "base")
    try base.write("d/b", "base")
    let tree = try stack(upper, base: base)
    #expect(try listing(tree) == ["d/", "d/a", "d/b"])
    #expect(try text(tree, "d/b") == "base")
  }

  @Test("is an empty directory without layers")
  func empty() throws {
    let tree = StackTree(layers: [])
    #expect(try listing(tree).isEmpty)
    #expect(try tree.node(at: .root)?.metadata.permissions == 0o755)
    #expect(try tree.node(at: TreePath(cleaning: "x")) == nil)
  }

  @Test("keeps the hard links of two layers apart")
  func links() throws {
    let (upper, lower) = (try TreesScratch(), try TreesScratch())
    try upper.write("a", "x")
    try #require(link(upper.at("a"), upper.at("b")) == 0)
    try lower.write("c", "x")
    try #require(link(lower.at("c"), lower.at("d")) == 0)
    let identities = try stack(upper, lower).children(of: .root).map(\.node.linkIdentity)
    #expect(identities[0] != nil && identities[0] == identities[1])
    #expect(identities[2] != nil && identities[2] == identities[3])
    #expect(identities[0] != identities[2])
  }

  @Test("refuses a layer whose contents lie elsewhere")
  func features() throws {
    let layer = try TreesScratch()
    try layer.write("d/x")
    try layer.attribute("d", "user.overlay.redirect", "/other")
    #expect(throws: TreeError.overlayFeature("redirect_dir", TreePath(cleaning: "d"))) {
      try LayerDirectoryTree(layer.path).layerChildren(of: .root)
    }
  }

  @Test(
    "shows what the kernel shows of a real overlay", .enabled(if: isRoot),
    arguments: [",redirect_dir=off,metacopy=off", ",userxattr"])
  func realOverlay(_ option: String) throws {
    let scratch = try TreesScratch()
    for name in ["lower/d/old", "lower/d/sub/x", "lower/keep", "lower/gone", "lower/turns/x"] {
      try scratch.write(name, name)
    }
    try scratch.link("lower/link", to: "keep")
    for name in ["upper", "work", "merged"] { try scratch.directory(name) }
    let layers = ["lower", "upper", "work"].map { "\($0)dir=\(scratch.at($0))" }
    let options = layers.joined(separator: ",") + option
    do {
      try run("mount", "-t", "overlay", "-o", options, "overlay", scratch.at("merged"))
    } catch {
      return  // a container without overlay; the other tests remain
    }
    defer { try? run("umount", scratch.at("merged")) }
    unlink(scratch.at("merged/gone"))
    try run("rm", "-r", scratch.at("merged/d"), scratch.at("merged/turns"))
    try scratch.write("merged/d/new", "new")
    try scratch.write("merged/turns", "now a file")
    chmod(scratch.at("merged/keep"), 0o600)
    let expected = try DirectoryTree(FilePath(scratch.at("merged")))
    let tree = StackTree(
      layers: [
        try LayerDirectoryTree(FilePath(scratch.at("upper"))),
        try LayerDirectoryTree(FilePath(scratch.at("lower"))),
      ])
    #expect(try listing(tree) == ["d/", "d/new", "keep", "link -> keep", "turns"])
    #expect(try listing(tree) == listing(expected))
    #expect(
      try tree.contentDigest(ofSubtree: .root) == expected.contentDigest(ofSubtree: .root))
  }
}
