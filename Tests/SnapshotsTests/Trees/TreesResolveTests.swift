import Archive
import Snapshots
import SystemPackage
import Testing

@Suite("A path with symbolic links")
struct TreesResolveTests {
  private let scratch: TreesScratch
  private let tree: DirectoryTree

  init() throws {
    scratch = try TreesScratch()
    try scratch.write("usr/bin/sh", "shell")
    try scratch.write("etc/file", "file")
    try scratch.link("bin", to: "usr/bin")
    try scratch.link("abs", to: "/usr/bin/sh")
    try scratch.link("above", to: "../../../../etc/file")
    try scratch.link("usr/up", to: "./../etc/./file")
    try scratch.link("loop", to: "loop")
    try scratch.link("ping", to: "pong/x")
    try scratch.link("pong", to: "/ping")
    try scratch.link("dangling", to: "/data/app")
    try scratch.link("root", to: "/")
    tree = try DirectoryTree(scratch.path)
  }

  @Test(
    "leads to a file inside the tree or to none",
    arguments: [
      ("", ""), ("bin/sh", "usr/bin/sh"), ("abs", "usr/bin/sh"), ("above", "etc/file"),
      ("usr/up", "etc/file"), ("root/root/bin", "usr/bin"), ("bin/none", nil), ("none", nil),
      ("etc/file/x", nil), ("abs/x", nil), ("dangling", nil),
    ] as [(String, String?)])
  func resolve(_ path: String, _ expected: String?) throws {
    #expect(
      try tree.resolve(TreePath(cleaning: path)) == expected.map { TreePath(cleaning: $0) })
  }

  @Test("may end at a link")
  func lastLink() throws {
    let resolve = { try tree.resolve(TreePath(cleaning: $0), followingLast: false) }
    #expect(try resolve("abs") == TreePath(cleaning: "abs"))
    #expect(try resolve("root/loop") == TreePath(cleaning: "loop"))
    #expect(try resolve("bin/sh") == TreePath(cleaning: "usr/bin/sh"))
  }

  @Test("goes round in a loop only so often", arguments: ["loop", "loop/x", "ping", "root/pong"])
  func loops(_ path: String) throws {
    let path = TreePath(cleaning: path)
    #expect(throws: TreeError.tooManyLinks(path)) { try tree.resolve(path) }
    #expect(throws: TreeError.tooManyLinks(path)) { try tree.resolveForCreation(path) }
  }

  @Test(
    "that is to be created begins to be missing somewhere",
    arguments: [
      ("", "", ""), ("bin/sh", "usr/bin/sh", ""), ("bin/new/x", "usr/bin", "new/x"),
      ("a/b", "", "a/b"), ("dangling", "", "data/app"), ("dangling/x", "", "data/app/x"),
      ("root/etc/new", "etc", "new"),
    ])
  func creation(_ path: String, _ existing: String, _ missing: String) throws {
    let point = try tree.resolveForCreation(TreePath(cleaning: path))
    #expect(
      point
        == CreationPoint(
          existing: TreePath(cleaning: existing), missing: TreePath(cleaning: missing)))
  }

  @Test("may lead up again out of what is missing")
  func upwards() throws {
    try scratch.link("odd", to: "none/../../etc/file")
    let point = try tree.resolveForCreation(TreePath(cleaning: "odd"))
    #expect(point.path == TreePath(cleaning: "etc/file"))
    #expect(point.missing.isRoot)
  }

  @Test("cannot be created through a file")
  func throughFile() throws {
    #expect(throws: TreeError.notADirectory(TreePath(cleaning: "etc/file"))) {
      try tree.resolveForCreation(TreePath(cleaning: "above/x"))
    }
  }

  @Test("is read whole up to a limit")
  func reading() throws {
    let path = TreePath(cleaning: "abs")
    #expect(try tree.readFile(path, limit: 5) == Array("shell".utf8))
    #expect(throws: TreeError.tooLarge(path, limit: 4)) { try tree.readFile(path, limit: 4) }
    #expect(try tree.readFile(TreePath(cleaning: "none"), limit: 4) == nil)
    #expect(throws: TreeError.notARegularFile(TreePath(cleaning: "bin"))) {
      try tree.readFile(TreePath(cleaning: "bin"), limit: 4)
    }
  }
}
