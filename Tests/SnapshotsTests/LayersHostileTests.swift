import Archive
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

/// A tar that says whatever a test wants; `TarWriter` refuses most of it.
struct LayersRawTar {
  private(set) var bytes: [UInt8] = []

  enum Kind: Character {
    case regular = "0"
    case hardLink = "1"
    case symbolicLink = "2"
    case character = "3"
    case directory = "5"
  }

  /// A regular file.
  mutating func add(_ path: String, _ contents: String = "", size: Int? = nil) {
    add(path, .regular, contents, size: size)
  }

  mutating func add(
    _ path: String, _ kind: Kind, _ contents: String = "", link: String = "", size: Int? = nil,
    mode: String = "0000644"
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    func octal(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(path, 0)
    put(mode, 100)
    put("0000000", 108)
    put("0000000", 116)
    put(octal(size ?? contents.utf8.count, 11), 124)
    put("00000000001", 136)
    put("        ", 148)
    put(String(kind.rawValue), 156)
    put(link, 157)
    put("ustar\u{0}00", 257)
    put("0000000", 329)
    put("0000000", 337)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, 6) + "\u{0} ", 148)
    bytes += header + Array(contents.utf8)
    bytes += [UInt8](repeating: 0, count: (512 - contents.utf8.count % 512) % 512)
  }

  var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}

/// Layers are the attack surface: nothing that a tar says reaches beyond its directory.
@Suite("A hostile layer")
struct LayersHostileTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var build: @Sendable (inout LayersRawTar) -> Void

    init(_ description: String, _ build: @escaping @Sendable (inout LayersRawTar) -> Void) {
      testDescription = description
      self.build = build
    }
  }

  static let hostile = [
    Case("a parent component") { $0.add("../escaped") },
    Case("a parent component in the middle") { $0.add("a/../../escaped") },
    Case("a file through a symbolic link") {
      $0.add("out", .symbolicLink, link: "/tmp")
      $0.add("out/escaped", "x")
    },
    Case("a file through a symbolic link to a parent") {
      $0.add("out", .symbolicLink, link: "..")
      $0.add("out/escaped", "x")
    },
    Case("a directory through a chain of symbolic links") {
      $0.add("a", .directory)
      $0.add("a/up", .symbolicLink, link: "../..")
      $0.add("b", .symbolicLink, link: "a/up")
      $0.add("b/escaped", .directory)
    },
    Case("a hard link to a file of the host") {
      $0.add("passwd", .hardLink, link: "/etc/passwd")
    },
    Case("a hard link with a parent component") {
      $0.add("passwd", .hardLink, link: "../../../../etc/passwd")
    },
    Case("a hard link through a symbolic link") {
      $0.add("etc", .symbolicLink, link: "/etc")
      $0.add("passwd", .hardLink, link: "etc/passwd")
    },
    Case("a hard link to itself") { $0.add("self", .hardLink, link: "self") },
    Case("a hard link to what comes later") {
      $0.add("link", .hardLink, link: "later")
      $0.add("later", "x")
    },
    Case("a hard link to a directory") {
      $0.add("directory", .directory)
      $0.add("link", .hardLink, link: "directory")
    },
    Case("a hard link to a whiteout") {
      $0.add(".wh.gone")
      $0.add("link", .hardLink, link: "gone")
    },
    Case("an entry below a file") {
      $0.add("file", "x")
      $0.add("file/below", "x")
    },
    Case("a whiteout of nothing") { $0.add("a/.wh.") },
    Case("a whiteout of the directory itself") { $0.add("a/.wh..") },
    Case("a whiteout of the parent") { $0.add("a/.wh...") },
    Case("an entry below a whiteout") { $0.add(".wh.a/b", "x") },
    Case("a device that is a whiteout to overlayfs") { $0.add("gone", .character) },
    Case("a root that is a link") { $0.add("./", .symbolicLink, link: "/etc") },
    Case("contents that end early") { $0.add("short", "x", size: 5000) },
  ]

  @Test("is refused, as a directory and as an index, and leaves nothing", arguments: hostile)
  func refused(hostile: Case) throws {
    let scratch = try LayersScratch()
    var tar = LayersRawTar()
    hostile.build(&tar)
    let id = try scratch.adopt(tar: tar.ended)
    #expect(throws: (any Error).self) { try scratch.store.directory(of: id, above: []) }
    #expect(throws: (any Error).self) {
      // A link to a file of a lower layer shows only when it is looked at.
      _ = try LayersView(scratch.store.tree(ofStack: [id]))
    }
    #expect(try scratch.names("home/snapshots/\(id)").contains { $0.hasPrefix("fs") } == false)
    #expect(try scratch.leftovers() == [])
    #expect(try scratch.names("home/snapshots/locks").isEmpty == false)
    for escape in ["/tmp/escaped", scratch.at("escaped").string] {
      #expect(access(escape, F_OK) != 0)
    }
  }

  private func view(_ scratch: LayersScratch, above lower: [LayerID] = [], _ tar: LayersRawTar)
    throws
    -> [String]
  {
    let id = try scratch.adopt(tar: tar.ended)
    let indexed = try LayersView(scratch.store.tree(ofStack: lower + [id]))
    let directories = try scratch.store.lowerDirectories(of: lower + [id])
    let unpacked = try LayersView(
      StackTree(layers: directories.map { try LayerDirectoryTree($0) }))
    #expect(indexed == unpacked, "\(indexed.difference(from: unpacked))")
    return indexed.lines.map { String($0.prefix { $0 != " " }) }
  }

  @Test("loses the slash of an absolute path")
  func absolute() throws {
    var tar = LayersRawTar()
    tar.add("/etc/slipway-hostile", "x")
    tar.add("//b")
    let scratch = try LayersScratch()
    #expect(try view(scratch, tar) == ["/b", "/etc", "/etc/slipway-hostile"])
    #expect(access("/etc/slipway-hostile", F_OK) != 0)
  }

  @Test("replaces what came before, whatever it was")
  func duplicates() throws {
    var tar = LayersRawTar()
    tar.add("a", .directory)
    tar.add("a/below", .directory)
    tar.add("a/below/file", "1")
    tar.add("a", "now a file")
    tar.add("b", .symbolicLink, link: "/etc/passwd")
    tar.add("b", "not written through the link")
    tar.add("c", "first")
    tar.add("d", .hardLink, link: "c")
    tar.add("c", "second: the link keeps the first")
    tar.add("e", "file")
    tar.add("e", .directory)
    tar.add("e/in", "x")
    tar.add("f", .directory)
    tar.add("f/kept", "x")
    tar.add("f", .directory, mode: "0000700")
    #expect(
      try view(try LayersScratch(), tar)
        == ["/a", "/b", "/c", "/d", "/e", "/e/in", "/f", "/f/kept"])
  }

  @Test("ignores the records of AUFS")
  func aufs() throws {
    var tar = LayersRawTar()
    tar.add(".wh..wh.aufs")
    tar.add(".wh..wh.plnk", .directory)
    tar.add(".wh..wh.plnk/12.34", "x")
    tar.add(".wh..wh.orph", .directory)
    tar.add("kept", "x")
    #expect(try view(try LayersScratch(), tar) == ["/kept"])
  }

  @Test("has whiteouts that speak of lower layers only, wherever they stand")
  func whiteoutOrder() throws {
    let scratch = try LayersScratch()
    let lower = try scratch.blobLayer([
      .directory("a"), .regular("a/old", "1"), .directory("b"), .regular("b/old", "1"),
      .directory("c"), .regular("c/old", "1"), .regular("d", "1"), .regular("e", "1"),
    ])
    var tar = LayersRawTar()
    tar.add("a/", .directory)
    tar.add("a/new", "2")
    tar.add("a/.wh..wh..opq")
    tar.add(".wh.b")
    tar.add("b/new", "2")
    tar.add("c/new", "2")
    tar.add(".wh.c")
    tar.add("d", "2")
    tar.add(".wh.d")
    tar.add(".wh.e")
    #expect(
      try view(scratch, above: [lower], tar) == [
        "/a", "/a/new", "/b", "/b/new", "/c", "/c/new", "/d",
      ])
  }

  @Test("may hide everything")
  func opaqueRoot() throws {
    let scratch = try LayersScratch()
    let lower = try scratch.blobLayer([.directory("a"), .regular("a/b", "1"), .regular("c", "1")])
    var tar = LayersRawTar()
    tar.add("new", "2")
    tar.add(".wh..wh..opq")
    tar.add("a/x", "2")
    #expect(try view(scratch, above: [lower], tar) == ["/a", "/a/x", "/new"])
  }

  @Test("links to lower layers' files, which are copied up, and leaves parents as they are")
  func lowerLinks() throws {
    let scratch = try LayersScratch()
    let lower = try scratch.blobLayer([
      .directory("bin", mode: 0o711), .regular("bin/tool", "tool", mode: 0o4755),
    ])
    var tar = LayersRawTar()
    tar.add("bin/second", .hardLink, link: "bin/tool")
    let id = try scratch.adopt(tar: tar.ended)
    let tree = try scratch.store.tree(ofStack: [lower, id])
    let directories = try scratch.store.lowerDirectories(of: [lower, id])
    let unpacked = StackTree(layers: try directories.map { try LayerDirectoryTree($0) })
    for tree in [tree, unpacked] {
      #expect(try tree.node(at: TreePath(cleaning: "bin"))?.metadata.permissions == 0o711)
      let second = try #require(try tree.node(at: TreePath(cleaning: "bin/second")))
      #expect(second.metadata.permissions == 0o4755)
      #expect(
        try tree.open(TreePath(cleaning: "bin/second")).readAll(limit: 10) == Array("tool".utf8))
    }
    // The directory fits only this stack.
    #expect(throws: LayerError.self) { try scratch.store.directory(of: id, above: []) }
  }

  @Test("that is not what the configuration says is not kept")
  func wrongDiffID() throws {
    let scratch = try LayersScratch()
    var tar = LayersRawTar()
    tar.add("a", "x")
    let wrong = Digest.sha256(of: [1])
    let id = try scratch.adopt(tar: tar.ended, diffID: wrong)
    #expect(
      throws: LayerError.wrongDiffID(expected: wrong, actual: .sha256(of: tar.ended))
    ) { try scratch.store.directory(of: id, above: []) }
    #expect(throws: LayerError.self) { try scratch.store.tree(of: id) }
    #expect(try scratch.leftovers() == [])
  }

  @Test("that grows beyond measure is stopped")
  func bomb() throws {
    let limits = LayerLimits(unpackedFloor: 1 << 20, unpackedRatio: 10, entryCount: 100)
    let scratch = try LayersScratch(limits: limits)
    let zeros = LayersFile(
      path: TreePath(cleaning: "zeros"),
      metadata: FileMetadata(kind: .regular, permissions: 0o644, size: 4 << 20),
      contents: [UInt8](repeating: 0, count: 4 << 20))
    let id = try scratch.adopted(try scratch.blobLayer([zeros]), above: nil)
    #expect(throws: ArchiveError.tooLarge(limit: 1 << 20)) {
      try scratch.store.directory(of: id, above: [])
    }
    var tar = LayersRawTar()
    for number in 0...100 { tar.add("f\(number)") }
    let many = try scratch.adopt(tar: tar.ended)
    #expect(throws: LayerError.tooManyEntries(limit: 100)) {
      try scratch.store.directory(of: many, above: [])
    }
    #expect(try scratch.leftovers() == [])
  }

  @Test("brings no attribute that overlayfs would follow")
  func overlayAttributes() throws {
    let scratch = try LayersScratch()
    let sink = MemorySink()
    let writer = TarWriter(sink)
    let attributes = ["trusted.overlay.redirect", "user.overlay.opaque", "user.overlay.redirect"]
      .map { ExtendedAttribute(name: Array($0.utf8), value: Array("y".utf8)) }
    try writer.begin(
      TarEntry(
        path: "a",
        metadata: FileMetadata(
          kind: .directory, permissions: 0o755, extendedAttributes: attributes)))
    try writer.finish()
    let id = try scratch.adopt(tar: sink.bytes)
    let directory = try scratch.store.directory(of: id, above: [])
    try scratch.shell("test -z \"$(getfattr -d -m - \(directory)/a)\"")
    #expect(
      try scratch.store.tree(of: id).layerNode(at: TreePath(cleaning: "a"))
        == .file(
          FileNode(metadata: FileMetadata(kind: .directory, permissions: 0o755)), opaque: false))
  }
}
