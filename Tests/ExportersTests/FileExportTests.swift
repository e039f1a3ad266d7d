import Archive
import Exporters
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("The files of an image")
struct FileExportTests {
  static let layers: [[TarItem]] = [
    [
      .directory("etc"), .file("etc/gone", "x"), .file("etc/kept", "old"),
      .directory("cache"), .file("cache/old", "x"), .directory("usr"), .directory("usr/lib"),
      .symbolicLink("lib", "usr/lib"), .file("dir-or-file", "x"), .symbolicLink("out", "/etc"),
    ],
    [
      .file("etc/.wh.gone", ""), .file("etc/kept", "new"), .file("cache/.wh..wh..opq", ""),
      .file("cache/new", "x"), .file("lib/libc.so", "elf"),
      .hardLink("lib/libc.so.6", "lib/libc.so"),
      .directory("dir-or-file", mode: 0o700), .file("dir-or-file/inside", "x"),
    ],
  ]

  static let expected = [
    "cache", "cache/new", "dir-or-file", "dir-or-file/inside", "etc", "etc/kept", "lib", "out",
    "usr", "usr/lib", "usr/lib/libc.so", "usr/lib/libc.so.6",
  ]

  @Test("a tar has each once, whiteouts honoured")
  func tar() throws {
    let work = try Workspace()
    let image = NamedImage(descriptor: try work.addImage(Self.layers))
    try ImageExporter(store: work.store).write([image], to: .tar(.file(work["files.tar"])))
    let reader = TarReader(FileDescriptorSource(open(work["files.tar"].string, O_RDONLY)))
    var contents: [String: String] = [:]
    var kinds: [String: FileMetadata.Kind] = [:]
    while let entry = try reader.next() {
      let path = String(decoding: try entry.validatedPath(), as: UTF8.self)
      #expect(kinds.updateValue(entry.metadata.kind, forKey: path) == nil)
      contents[path] = String(decoding: try reader.readContents(limit: 100), as: UTF8.self)
    }
    #expect(kinds.keys.sorted() == Self.expected)
    #expect(contents["etc/kept"] == "new")
    #expect(contents["usr/lib/libc.so"] == "elf")
    #expect(kinds["usr/lib/libc.so.6"] == .hardLink)
    #expect(kinds["lib"] == .symbolicLink)
  }

  @Test("a directory has the same, keeps what was there and follows none of its links")
  func directory() throws {
    let work = try Workspace()
    let image = NamedImage(descriptor: try work.addImage(Self.layers))
    try ContentStore.makeDirectories(work["files/cache"])
    try ContentStore.makeDirectories(work["outside"])
    _ = try work.write([], to: "files/mine")
    // A trap where the image has a directory, and a directory where it has a file.
    symlink(work["outside"].string, work["files/etc"].string)
    try ContentStore.makeDirectories(work["files/cache/new/deep"])
    let exporter = ImageExporter(store: work.store)
    for _ in 0..<2 {
      try exporter.write([image], to: .directory(work["files"]))
      let found = try Tool.run(
        "find", [work["files"].string, "-mindepth", "1", "-printf", "%P\\n"])
      #expect(
        found.output.split(separator: "\n").map(String.init).sorted()
          == (Self.expected + ["mine"]).sorted())
    }
    #expect(try Tool.run("ls", ["-A", work["outside"].string]).output == "")
    var first = stat()
    var second = stat()
    stat(work["files/usr/lib/libc.so"].string, &first)
    stat(work["files/usr/lib/libc.so.6"].string, &second)
    #expect(first.st_ino == second.st_ino)
    stat(work["files/dir-or-file"].string, &first)
    #expect(first.st_mode & 0o7777 == 0o700)
    #expect(first.st_mtim.tv_sec == 0)
  }

  @Test("a link to a directory, and a file through it, stay below the destination")
  func escape() throws {
    let work = try Workspace()
    let image = NamedImage(
      descriptor: try work.addImage([
        [.symbolicLink("up", "../../../outside"), .file("up/file", "x")],
        [.symbolicLink("root", "/"), .file("root/rooted", "x")],
      ]))
    try ContentStore.makeDirectories(work["outside"])
    try ImageExporter(store: work.store).write([image], to: .directory(work["files"]))
    #expect(try Tool.run("ls", ["-A", work["outside"].string]).output == "")
    #expect(access(work["files/outside/file"].string, F_OK) == 0)
    #expect(access(work["files/rooted"].string, F_OK) == 0)
  }

  @Test(
    "layers that make no sense are refused",
    arguments: [
      ([[TarItem.hardLink("a", "nothing")]], "is a hard link to `nothing`"),
      ([[TarItem.file("a", "x"), .file("a/b", "x")]], "a parent that is not a directory"),
      (
        [[TarItem.symbolicLink("a", "b"), .symbolicLink("b", "a"), .file("a/x", "x")]],
        "too many symbolic links"
      ),
    ])
  func malformedLayers(layers: [[TarItem]], words: String) throws {
    let work = try Workspace()
    let image = NamedImage(descriptor: try work.addImage(layers))
    #expect {
      try ImageExporter(store: work.store).write([image], to: .tar(.file(work["out"])))
    } throws: { "\($0)".contains(words) }
    #expect(access(work["out"].string, F_OK) != 0)
  }
}
