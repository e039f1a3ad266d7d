import Archive
import BuildGraph
import OCI
import Snapshots
import SystemPackage
import TestSupport
import Testing

@testable import Engine

/// What `ADD` makes of archives: one row a fact.
@Suite("ADD of archives", .enabled(if: Requirement.root, "owners of files need root"))
struct ArchiveUnpackingTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes `dst`, and `a` out of what it makes in `in`.
    var script: String
    /// Lines as in `CopySemanticsTests`; what takes something away starts with `-`.
    var expected: [String] = []
    var error: FileActionError?
    var owner: String?

    init(
      _ name: String, _ script: String, _ expected: [String] = [], error: FileActionError? = nil,
      owner: String? = nil
    ) {
      testDescription = name
      self.script = script
      self.expected = expected
      self.error = error
      self.owner = owner
    }
  }

  static let rows: [Row] = [
    Row(
      "members are put into the destination", "echo x > in/x; pack x",
      ["d 755 0:0 /t", "f 644 3:4 /t/x"]),
    Row(
      "the archive's root is not the destination's",
      "mkdir dst/t; chmod 777 in; echo > in/x; pack .",
      ["f 644 3:4 /t/x"]),
    Row(
      "directories that no member names stay as they are",
      "mkdir -p dst/t/d; chmod 700 dst/t/d; mkdir in/d; echo > in/d/x; pack d/x",
      ["f 644 3:4 /t/d/x"]),
    Row(
      "directories that a member names are changed",
      "mkdir -p dst/t/d; chmod 700 dst/t/d; mkdir in/d; pack d", ["d 755 3:4 /t/d"]),
    Row(
      "directories that are missing belong to root", "mkdir -p in/d/e; echo > in/d/e/x; pack d/e/x",
      [
        "d 755 7:7 /t", "d 755 0:0 /t/d", "d 755 0:0 /t/d/e", "f 644 7:7 /t/d/e/x",
      ], owner: "7"),
    Row(
      "a file takes a directory's place", "mkdir -p dst/t/x/sub; echo > in/x; pack x",
      ["f 644 3:4 /t/x"]),
    Row(
      "a directory takes a file's place", "mkdir dst/t; echo > dst/t/x; mkdir in/x; pack x",
      ["d 755 3:4 /t/x"]),
    Row(
      "a directory that comes back is empty",
      "mkdir -p dst/t/x/sub/deep; echo > dst/t/x/f; echo > in/x; pack x; rm in/x; "
        + "mkdir -p in/x/sub; more x x/sub",
      ["d 755 3:4 /t/x", "- /t/x/f", "d 755 3:4 /t/x/sub", "- /t/x/sub/deep"]),
    Row(
      "links of the destination are followed on the way",
      "mkdir -p dst/t/real; ln -s real dst/t/way; mkdir in/way; echo > in/way/x; pack way/x",
      ["f 644 3:4 /t/real/x"]),
    Row(
      "links start at the destination and do not leave it",
      "mkdir -p dst/t/real; ln -s /real dst/t/a; ln -s ../../.. dst/t/b; mkdir in/a in/b; "
        + "echo > in/a/x; echo > in/b/y; pack a/x b/y",
      ["f 644 3:4 /t/real/x", "f 644 3:4 /t/y"]),
    Row(
      "a link that is named gives way", "mkdir dst/t; ln -s /gone dst/t/x; echo > in/x; pack x",
      ["f 644 3:4 /t/x"]),
    Row(
      "hard links are names of one file, with what the last one says",
      "echo > in/x; ln in/x in/y; pack x y",
      ["d 755 0:0 /t", "f 644 3:4 /t/x", "f 644 3:4 /t/y"]),
    Row(
      "a hard link to what is nowhere is an error", "echo > in/x; ln in/x in/y; pack x y; cut",
      error: .linkToNothing("/t/y", target: "/x")),
    Row(
      "the last of two members of one name counts",
      "echo > in/x; pack x; chmod 600 in/x; more x", ["d 755 0:0 /t", "f 600 3:4 /t/x"]),
  ]

  @Test("puts members where BuildKit does", arguments: rows)
  func unpacks(_ row: Row) async throws {
    let directory = try TemporaryDirectory()
    let prelude = """
      umask 022; mkdir in dst
      options="--sort=name --mtime=@5 --owner=3 --group=4 --numeric-owner -C in"
      pack() { tar $options -cf a "$@"; }
      more() { tar $options --no-recursion -rf a "$@"; }
      cut() { tail -c +1025 a > b; mv b a; }
      """
    var shell = Command("sh", ["-euc", prelude + "\n" + row.script])
    shell.directory = directory.path
    try await shell.check()
    do {
      let draft = try draft(of: "a", in: directory, owner: row.owner)
      let sink = RecordingSink()
      try draft.write(to: sink)
      #expect(sink.lines == row.expected)
      #expect(row.error == nil)
    } catch let error as FileActionError {
      #expect(error == row.error)
    }
  }

  @Test("a member's time is kept, and a link's metadata is that of all its names")
  func metadata() async throws {
    let directory = try TemporaryDirectory()
    var shell = Command(
      "sh",
      [
        "-euc",
        "mkdir in dst; echo x > in/x; ln in/x in/y; mkdir in/d; "
          + "tar -C in --mtime=@77 -cf a x y d",
      ])
    shell.directory = directory.path
    try await shell.check()
    let draft = try draft(of: "a", in: directory)
    let items = draft.items
    func item(_ path: String) throws -> LayerDraft.Item {
      try #require(items[TreePath(cleaning: path)])
    }
    for path in ["/t/x", "/t/y", "/t/d"] {
      #expect(try item(path).metadata.modificationTime == FileTime(seconds: 77))
    }
    #expect(try item("/t/x").link != nil)
    #expect(try item("/t/x").link == item("/t/y").link)
  }

  @Test(
    "what starts as an archive and is cut short is an error that names it",
    arguments: ["gzip", "xz", "zstd -q", "cat"])
  func truncated(packing: String) async throws {
    let directory = try TemporaryDirectory()
    let script = """
      mkdir dst; head -c 1000000 /dev/urandom > x
      tar -cf t x; \(packing) < t > whole; head -c 600000 whole > a
      """
    var shell = Command("sh", ["-euc", script])
    shell.directory = directory.path
    try await shell.check()
    do {
      _ = try draft(of: "a", in: directory)
      Issue.record("it was unpacked")
    } catch FileActionError.badArchive(let path, let reason) {
      #expect(path == "/a")
      #expect(reason.hasPrefix("the archive ends in the middle of"), "\(reason)")
    }
  }

  @Test("an archive that grows beyond all measure is an error, be it by zeros or by holes")
  func bombs() async throws {
    let directory = try TemporaryDirectory()
    var shell = Command(
      "sh",
      [
        "-euc",
        "mkdir dst; truncate -s 3M zeros; tar -czf a zeros; truncate -s 3M holes; "
          + "tar -S --format=pax -cf b holes",
      ])
    shell.directory = directory.path
    try await shell.check()
    let limits = LayerLimits(unpackedFloor: 2 << 20, unpackedRatio: 1, entryCount: 10)
    for name in ["a", "b"] {
      let error = FileActionError.badArchive(
        "/\(name)", reason: "\(ArchiveError.tooLarge(limit: 2 << 20))")
      #expect(throws: error) { try draft(of: name, in: directory, limits: limits) }
    }
  }

  private func archive(_ members: [TarEntry]) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = TarWriter(sink)
    for member in members {
      try writer.begin(member)
      try writer.end()
    }
    try writer.finish()
    return sink.bytes
  }

  @Test("a link has the mode that Linux gives links, whatever the archive says")
  func linkMode() throws {
    let directory = try TemporaryDirectory()
    _ = try directory.directory("dst")
    var link = FileMetadata(kind: .symbolicLink, permissions: 0o644)
    link.linkTarget = Array("x".utf8)
    try Files.write(
      try archive([TarEntry(path: Array("l".utf8), metadata: link)]), to: directory("a"))
    let item = try #require(try draft(of: "a", in: directory).items[TreePath(cleaning: "/t/l")])
    #expect(item.metadata.permissions == 0o777)
  }

  @Test("what no layer can hold is refused before it is in one")
  func refusals() throws {
    let directory = try TemporaryDirectory()
    _ = try directory.directory("dst")
    let device = TarEntry(
      path: Array("d".utf8), metadata: FileMetadata(kind: .characterDevice, permissions: 0o600))
    let path = String(repeating: "d/", count: 20_000) + "f"
    let deep = TarEntry(
      path: Array(path.utf8), metadata: FileMetadata(kind: .regular, permissions: 0o600))
    for (entry, refusal) in [(device, LayerError.Refusal.whiteoutDevice), (deep, .pathTooLong)] {
      try Files.write(try archive([entry]), to: directory("a"))
      let error = LayerError.refused(TreePath(canonical: entry.path), refusal)
      #expect(throws: error) { try draft(of: "a", in: directory) }
    }
  }

  private func draft(
    of name: String, in directory: TemporaryDirectory, owner: String? = nil,
    limits: LayerLimits = .standard
  ) throws -> LayerDraft {
    let home = directory("home")
    let content = try ContentStore(root: home)
    let layers = try LayerStore(root: home.appending("snapshots"), content: content)
    var action = CopyAction(input: 1, sources: [name], destination: "/t")
    action.owner = owner
    let selection = try SourceSelection(action, from: DirectoryTree(directory.path))
    var draft = LayerDraft(over: try DirectoryTree(directory("dst")), now: FileTime(seconds: 0))
    let style = try CopyStyle(action, over: draft.files, resetsOwners: true)
    let match = try #require(selection.matches.first)
    guard
      let archive = try ArchiveExpansion(
        of: match, in: selection.tree, layers: layers, limits: limits)
    else {
      return draft
    }
    defer { archive.discard() }
    try draft.unpack(archive, to: action.destination, owner: style.namedOwner)
    return draft
  }
}

/// Takes down what it is given.
private final class RecordingSink: LayerSink {
  private(set) var lines: [String] = []

  func add(_ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?) {
    let kind = metadata.kind == .directory ? "d" : metadata.kind == .symbolicLink ? "l" : "f"
    lines.append(
      "\(kind) \(String(metadata.permissions, radix: 8)) "
        + "\(metadata.userID):\(metadata.groupID) \(path)")
  }

  func addWhiteout(_ path: TreePath) { lines.append("- \(path)") }
}
