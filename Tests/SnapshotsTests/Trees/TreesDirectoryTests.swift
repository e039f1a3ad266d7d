import Archive
import CLinux
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

@Suite("A tree of a real directory")
struct TreesDirectoryTests {
  @Test("shows files sorted by the bytes of their names, directories before their entries")
  func order() throws {
    let scratch = try TreesScratch()
    for name in ["b", "a.b", "a/x", "B", "a-"] { try scratch.write(name) }
    #expect(try listing(DirectoryTree(scratch.path)) == ["B", "a/", "a/x", "a-", "a.b", "b"])
  }

  @Test("shows what stat says, and links as links")
  func metadata() throws {
    let scratch = try TreesScratch()
    try scratch.write("file", "hello", mode: 0o640)
    chmod(scratch.at("file"), 0o4751)
    try scratch.setTimes("file", seconds: 1_000_000_000, nanoseconds: 5)
    try scratch.link("link", to: "/etc/passwd")
    try #require(mkfifo(scratch.at("pipe"), 0o600) == 0)
    let tree = try DirectoryTree(scratch.path)
    let children = try tree.children(of: .root)
    #expect(children.map(\.node.metadata.kind) == [.regular, .symbolicLink, .fifo])
    let file = try #require(try tree.node(at: TreePath(cleaning: "file")))
    #expect(file == children[0].node)
    #expect(file.metadata.permissions == 0o4751)
    #expect(file.metadata.size == 5)
    #expect(
      file.metadata.modificationTime == FileTime(seconds: 1_000_000_000, nanoseconds: 5))
    #expect(file.linkIdentity == nil)
    #expect(file.stamp != nil)
    let link = try #require(try tree.node(at: TreePath(cleaning: "link")))
    #expect(link.metadata.linkTarget == Array("/etc/passwd".utf8))
    #expect(link == children[1].node)
    #expect(link.metadata.size == 0)
  }

  @Test("leads nowhere else, whatever links there are")
  func escapes() throws {
    let scratch = try TreesScratch()
    try scratch.link("out", to: "/etc")
    try scratch.link("up", to: "..")
    try scratch.link("passwd", to: "/etc/passwd")
    let tree = try DirectoryTree(scratch.path)
    #expect(try tree.node(at: TreePath(cleaning: "out/passwd")) == nil)
    #expect(try tree.children(of: TreePath(cleaning: "out")).isEmpty)
    #expect(try tree.node(at: TreePath(cleaning: "up/tmp")) == nil)
    #expect(throws: TreeError.self) { try tree.open(TreePath(cleaning: "passwd")) }
    // A path that was not cleaned, as a bug elsewhere might make it.
    #expect(throws: (any Error).self) {
      if try tree.node(at: TreePath(canonical: Array("../../etc/passwd".utf8))) == nil {
        throw TreeError.vanished(.root)
      }
    }
  }

  @Test("has no file where a name has a NUL byte, or where a parent is a file")
  func impossible() throws {
    let scratch = try TreesScratch()
    try scratch.write("file")
    let tree = try DirectoryTree(scratch.path)
    #expect(try tree.node(at: TreePath(canonical: Array("file\0x".utf8))) == nil)
    #expect(try tree.node(at: TreePath(cleaning: "file/x")) == nil)
    #expect(try tree.children(of: TreePath(cleaning: "file")).isEmpty)
    #expect(try tree.children(of: TreePath(cleaning: "none")).isEmpty)
  }

  @Test("shows names that are no UTF-8 as they are")
  func bytes() throws {
    let scratch = try TreesScratch()
    let name: [UInt8] = [0xff, 0x20, 0xc3]
    let path = Array(scratch.at("").utf8) + [UInt8(ascii: "/")] + name + [0]
    let file = path.map(CChar.init(bitPattern:)).withUnsafeBufferPointer {
      $0.baseAddress.map { slipway_openat(AT_FDCWD, $0, O_CREAT | O_WRONLY, 0o600) } ?? -1
    }
    try #require(file >= 0)
    close(file)
    let tree = try DirectoryTree(scratch.path)
    #expect(try tree.children(of: .root).map(\.name) == [name])
    let node = try #require(try tree.node(at: TreePath(canonical: name)))
    #expect(try tree.contentDigest(of: TreePath(canonical: name), node) == .sha256(of: []))
  }

  @Test("tells which names are one file")
  func hardLinks() throws {
    let scratch = try TreesScratch()
    try scratch.write("a", "x")
    try scratch.write("c", "x")
    try #require(link(scratch.at("a"), scratch.at("b")) == 0)
    let children = try DirectoryTree(scratch.path).children(of: .root)
    #expect(children[0].node.linkIdentity != nil)
    #expect(children[0].node.linkIdentity == children[1].node.linkIdentity)
    #expect(children[2].node.linkIdentity == nil)
  }

  @Test("leaves sockets out")
  func sockets() throws {
    let scratch = try TreesScratch()
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: scratch.at("s").utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
    let tree = try DirectoryTree(scratch.path)
    #expect(try tree.children(of: .root).isEmpty)
    #expect(try tree.node(at: TreePath(cleaning: "s")) == nil)
  }

  @Test("reads extended attributes where it is asked to, those of the machine not")
  func attributes() throws {
    let scratch = try TreesScratch()
    try scratch.write("plain")
    try scratch.write("file")
    try scratch.attribute("file", "user.b", "2")
    try scratch.attribute("file", "user.a", "1")
    try scratch.attribute("file", "user.overlay.origin", "x")
    let path = TreePath(cleaning: "file")
    #expect(
      try DirectoryTree(scratch.path).node(at: path)?.metadata.extendedAttributes == [])
    let tree = try DirectoryTree(scratch.path, .init(readsExtendedAttributes: true))
    let wanted = [
      ExtendedAttribute(name: Array("user.a".utf8), value: Array("1".utf8)),
      ExtendedAttribute(name: Array("user.b".utf8), value: Array("2".utf8)),
    ]
    #expect(try tree.node(at: path)?.metadata.extendedAttributes == wanted)
    let children = try tree.children(of: .root)
    #expect(children.map(\.node.metadata.extendedAttributes) == [wanted, []])
  }

  @Test("stays with its directory when that is renamed")
  func renamed() throws {
    let scratch = try TreesScratch()
    try scratch.write("context/file", "x")
    let tree = try DirectoryTree(FilePath(scratch.at("context")))
    rename(scratch.at("context"), scratch.at("moved"))
    #expect(try text(tree, "file") == "x")
  }

  @Test("says which file changed or vanished while it was read")
  func changes() throws {
    let scratch = try TreesScratch()
    try scratch.write("file", "hello")
    let tree = try DirectoryTree(scratch.path)
    let path = TreePath(cleaning: "file")
    let node = try #require(try tree.node(at: path))
    let source = try tree.open(path)
    try scratch.write("file", "hello, and more")
    #expect(throws: TreeError.changedWhileRead(path)) { try source.readAll(limit: 100) }
    #expect(throws: TreeError.changedWhileRead(path)) { try tree.contentDigest(of: path, node) }
    unlink(scratch.at("file"))
    #expect(throws: TreeError.vanished(path)) { try tree.open(path) }
    #expect(throws: TreeError.vanished(path)) { try tree.contentDigest(of: path, node) }
    #expect(
      "\(TreeError.changedWhileRead(path))" == """
        `/file` changed while it was read
        hint: build again when nothing writes to the build context, \
        or add the file to `.dockerignore`
        """)
  }

  @Test("refuses to read what is no regular file, without waiting for it")
  func notRegular() throws {
    let scratch = try TreesScratch()
    try #require(mkfifo(scratch.at("pipe"), 0o600) == 0)
    let tree = try DirectoryTree(scratch.path)
    let path = TreePath(cleaning: "pipe")
    #expect(throws: TreeError.notARegularFile(path)) { try tree.open(path) }
  }

  @Test("cannot be made of what is no directory")
  func noDirectory() throws {
    let scratch = try TreesScratch()
    try scratch.write("file")
    #expect(throws: SystemCallError.self) { try DirectoryTree(FilePath(scratch.at("file"))) }
  }

  @Test("reads a directory of many names in full")
  func manyNames() throws {
    let scratch = try TreesScratch()
    let names = (0..<3000).map { "a-name-that-is-not-short-\($0)" }
    for name in names { try scratch.write(name) }
    let found = try DirectoryTree(scratch.path).children(of: .root)
    #expect(found.map { String(decoding: $0.name, as: UTF8.self) } == names.sorted())
  }
}
