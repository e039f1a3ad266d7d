import Archive
import BuildGraph
import Glibc
import OCI
import Snapshots
import SystemPackage
import TestSupport
import Testing

@testable import Engine

/// What COPY means, on real directories: one row a fact.
@Suite("COPY", .enabled(if: Requirement.root, "owners of files need root"))
struct CopySemanticsTests {
  /// A copy and what must come of it.
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Makes `src` and `dst`.
    var script = ""
    var sources: [String]
    var destination: String
    var change: @Sendable (inout CopyAction) -> Void = { _ in }
    /// Lines `kind mode uid:gid path [-> target]`; what is not said is in the order of paths.
    var expected: [String] = []
    var error: FileActionError?
    var fromContext = true

    init(
      _ name: String, _ script: String, _ sources: [String], _ destination: String,
      _ expected: [String] = [], error: FileActionError? = nil, fromContext: Bool = true,
      change: @escaping @Sendable (inout CopyAction) -> Void = { _ in }
    ) {
      testDescription = name
      self.script = script
      self.sources = sources
      self.destination = destination
      self.expected = expected
      self.error = error
      self.fromContext = fromContext
      self.change = change
    }
  }

  private static let tree =
    "mkdir -p src/d/sub; echo a > src/a; echo b > src/d/b; echo c > src/d/sub/c"

  static let rows: [Row] = [
    Row("a file to a name", tree, ["a"], "/x", ["f 644 0:0 /x"]),
    Row(
      "a file into a directory that a slash names", tree, ["a"], "/x/",
      ["d 755 0:0 /x", "f 644 0:0 /x/a"]),
    Row(
      "a file into a directory that is there", tree + "; mkdir dst/x", ["a"], "/x",
      ["f 644 0:0 /x/a"]),
    Row("a file over a file", tree + "; touch dst/x", ["a"], "/x", ["f 644 0:0 /x"]),
    Row(
      "missing parents are made", tree, ["a"], "/p/q/x",
      ["d 755 0:0 /p", "d 755 0:0 /p/q", "f 644 0:0 /p/q/x"]),
    Row("to the root", tree, ["a"], "/", ["f 644 0:0 /a"]),
    Row(
      "a directory gives its contents", tree, ["d"], "/x",
      ["d 755 0:0 /x", "f 644 0:0 /x/b", "d 755 0:0 /x/sub", "f 644 0:0 /x/sub/c"]),
    Row(
      "a slash behind the source means nothing", tree, ["d/"], "/x",
      ["d 755 0:0 /x", "f 644 0:0 /x/b", "d 755 0:0 /x/sub", "f 644 0:0 /x/sub/c"]),
    Row("a slash before the source means nothing", tree, ["/a"], "/x", ["f 644 0:0 /x"]),
    Row("`..` does not leave the source", tree, ["../../a"], "/x", ["f 644 0:0 /x"]),
    Row(
      "several sources make the destination a directory's", tree + "; mkdir dst/x", ["a", "d/b"],
      "/x/", ["f 644 0:0 /x/a", "f 644 0:0 /x/b"]),
    Row(
      "directories are merged", tree + "; mkdir src/e; echo e > src/e/e", ["d", "e"], "/x/",
      [
        "d 755 0:0 /x", "f 644 0:0 /x/b", "f 644 0:0 /x/e", "d 755 0:0 /x/sub",
        "f 644 0:0 /x/sub/c",
      ]),
    Row("what is not there is an error", tree, ["a", "none"], "/x/", error: .notFound("none")),
    Row("a wildcard that matches nothing is none", tree, ["none*"], "/x/"),
    Row(
      "a wildcard does not cross slashes", tree, ["*"], "/x/",
      [
        "d 755 0:0 /x", "f 644 0:0 /x/a", "f 644 0:0 /x/b", "d 755 0:0 /x/sub",
        "f 644 0:0 /x/sub/c",
      ]),
    Row("a wildcard between slashes", tree, ["*/b"], "/x/", ["d 755 0:0 /x", "f 644 0:0 /x/b"]),
    Row("a class of characters", tree, ["[a-c]"], "/x/", ["d 755 0:0 /x", "f 644 0:0 /x/a"]),
    Row(
      "a directory over a file", tree + "; touch dst/x", ["d"], "/x", error: .notADirectory("/x")),
    Row("a file below a file", tree + "; touch dst/x", ["a"], "/x/y", error: .notADirectory("/x")),
    Row(
      "a file over a directory of its name", tree + "; mkdir -p dst/x/a", ["a"], "/x/",
      error: .isADirectory("/x/a")),
    Row(
      "the destination's links are followed", tree + "; mkdir dst/real; ln -s real dst/way", ["a"],
      "/way/", ["f 644 0:0 /real/a"]),
    Row(
      "a link that leads nowhere names the file", tree + "; ln -s /p/target dst/x", ["a"], "/x",
      ["d 755 0:0 /p", "f 644 0:0 /p/target"]),
    Row(
      "links do not leave the root", tree + "; mkdir dst/d; ln -s ../../../.. dst/d/up", ["a"],
      "/d/up/x", ["f 644 0:0 /x"]),
    Row(
      "a link that is named is followed", tree + "; ln -s a src/l", ["l"], "/x", ["f 644 0:0 /x"]),
    Row(
      "a link in a directory is kept", tree + "; ln -s b src/d/l; rm -r src/d/sub", ["d"], "/x/",
      ["d 755 0:0 /x", "f 644 0:0 /x/b", "l 777 0:0 /x/l -> b"]),
    Row(
      "a link that leads nowhere cannot be copied by name", tree + "; ln -s none src/l", ["l"],
      "/x", error: .notFound("l")),
    Row(
      "modes are kept", "touch src/a; chmod 4751 src/a; mkdir -m 1777 src/s", ["."], "/x",
      ["d 755 0:0 /x", "f 4751 0:0 /x/a", "d 1777 0:0 /x/s"]),
    Row(
      "files of a context belong to root", "touch src/a; chown 5:6 src/a", ["a"], "/x",
      ["f 644 0:0 /x"]),
    Row(
      "files of a stage keep their owner", "touch src/a; chown 5:6 src/a", ["a"], "/x",
      ["f 644 5:6 /x"], fromContext: false),
    Row("--chown owns what is made too", tree, ["a"], "/p/x", ["d 755 7:8 /p", "f 644 7:8 /p/x"]) {
      $0.owner = "7:8"
    },
    Row("--chown with a user alone", "touch src/a", ["a"], "/x", ["f 644 7:7 /x"]) {
      $0.owner = "7"
    },
    Row(
      "--chown looks names up in the destination",
      "touch src/a; mkdir dst/etc; echo app:x:10:20:: > dst/etc/passwd; echo staff:x:30: > dst/etc/group",
      ["a"], "/x", ["f 644 10:30 /x"]
    ) { $0.owner = "app:staff" },
    Row(
      "--chmod in octal goes to parents too", tree, ["a"], "/p/x",
      ["d 711 0:0 /p", "f 711 0:0 /p/x"]
    ) { $0.mode = ModeChange(text: "711") },
    Row(
      "--chmod in symbols", "touch src/a; mkdir src/s", ["."], "/x/",
      ["d 755 0:0 /x", "f 600 0:0 /x/a", "d 700 0:0 /x/s"]
    ) { $0.mode = ModeChange(text: "u=rwX,go=") },
    Row(
      "--chmod leaves links alone", "ln -s a src/l; touch src/a", ["."], "/x",
      ["d 600 0:0 /x", "f 600 0:0 /x/a", "l 777 0:0 /x/l -> a"]
    ) { $0.mode = ModeChange(text: "600") },
    Row("--chmod that is none", tree, ["a"], "/x", error: .invalidMode("9")) {
      $0.mode = ModeChange(text: "9")
    },
    Row(
      "nested directories that are there get the source's mode",
      "mkdir -p src/s dst/x/s; chmod 700 dst/x dst/x/s; chmod 755 src/s", ["."], "/x",
      ["d 700 0:0 /x", "d 755 0:0 /x/s"]),
    Row(
      "--exclude leaves out", tree, ["d"], "/x",
      ["d 755 0:0 /x", "d 755 0:0 /x/sub", "f 644 0:0 /x/sub/c"]
    ) { $0.excludes = ["b"] },
    Row("--exclude with a way back", tree, ["d"], "/x", ["d 755 0:0 /x", "f 644 0:0 /x/b"]) {
      $0.excludes = ["*", "!b"]
    },
    Row(
      "--parents keeps directories", tree, ["d/sub/c"], "/x/",
      ["d 755 0:0 /x", "d 755 0:0 /x/d", "d 755 0:0 /x/d/sub", "f 644 0:0 /x/d/sub/c"]
    ) { $0.keepsParents = true },
    Row(
      "--parents from a pivot", tree, ["d/./sub/c"], "/x/",
      ["d 755 0:0 /x", "d 755 0:0 /x/sub", "f 644 0:0 /x/sub/c"]
    ) { $0.keepsParents = true },
    Row(
      "--parents with any depth", tree, ["**/c"], "/x/",
      ["d 755 0:0 /x", "d 755 0:0 /x/d", "d 755 0:0 /x/d/sub", "f 644 0:0 /x/d/sub/c"]
    ) { $0.keepsParents = true },
    Row(
      "--parents from pivots that a wildcard finds",
      "mkdir -p src/p1/a src/p2/a src/q/a; touch src/p1/a/f src/p2/a/f src/q/a/f",
      ["p*/./a/f"], "/x/", ["d 755 0:0 /x", "d 755 0:0 /x/a", "f 644 0:0 /x/a/f"]
    ) { $0.keepsParents = true },
    Row(
      "--parents copies a link as it is", tree + "; ln -s a src/l", ["l"], "/x/",
      ["d 755 0:0 /x", "l 777 0:0 /x/l -> a"]
    ) { $0.keepsParents = true },
    Row(
      "--parents gives a directory on the way that is there the source's mode, and no more",
      tree + "; mkdir -p dst/x/d; chown 5:6 dst/x/d; chmod 711 src/d", ["d/b"], "/x/",
      ["d 755 0:0 /x", "d 711 5:6 /x/d", "f 644 7:7 /x/d/b"]
    ) {
      $0.keepsParents = true
      $0.owner = "7"
    },
    Row(
      "--parents needs a name to be there", tree, ["d/none"], "/x/", error: .notFound("d/none")
    ) { $0.keepsParents = true },
    Row("--parents needs no match of a wildcard", tree, ["d/n*"], "/x/", ["d 755 0:0 /x"]) {
      $0.keepsParents = true
    },
    Row(
      "--exclude is below the pivot with --parents", tree, ["d/./**"], "/x/",
      ["d 755 0:0 /x", "f 644 0:0 /x/b"]
    ) {
      $0.keepsParents = true
      $0.excludes = ["sub"]
    },
    Row(
      "--exclude of a directory does not keep it for what comes back elsewhere", tree, ["."], "/x/",
      ["d 755 0:0 /x", "f 644 0:0 /x/a"]
    ) { $0.excludes = ["d", "!d/none"] },
    Row(
      "--exclude of a directory keeps it for what comes back in it", tree, ["."], "/x/",
      ["d 755 0:0 /x", "f 644 0:0 /x/a", "d 755 0:0 /x/d", "f 644 0:0 /x/d/b"]
    ) { $0.excludes = ["d", "!d/b"] },
    Row("pipes are copied, sockets are not", "mkfifo -m 600 src/p", ["p"], "/x", ["p 600 0:0 /x"]),
    Row("an empty directory", "mkdir src/e", ["e"], "/x/", ["d 755 0:0 /x"]),
    Row(
      "names that are no UTF-8", "touch \"src/$(printf 'a\\377b')\"", ["."], "/x",
      ["d 755 0:0 /x", "f 644 0:0 /x/a\u{fffd}b"]),
  ]

  @Test("puts files where BuildKit does", arguments: rows)
  func copies(_ row: Row) async throws {
    let directory = try TemporaryDirectory()
    var shell = Command("sh", ["-euc", "umask 022; mkdir src dst; " + row.script])
    shell.directory = directory.path
    try await shell.check()

    var action = CopyAction(input: 1, sources: row.sources, destination: row.destination)
    row.change(&action)
    do {
      var draft = LayerDraft(
        over: try DirectoryTree(directory("dst")), now: FileTime(seconds: 0, nanoseconds: 0))
      let selection = try SourceSelection(action, from: DirectoryTree(directory("src")))
      try draft.copy(selection, action, resetsOwners: row.fromContext)
      #expect(draft.lines == row.expected)
      #expect(row.error == nil)
    } catch let error as FileActionError {
      #expect(error == row.error)
    }
  }

  @Test("hard links of one copy stay one file, those of two do not")
  func hardLinks() async throws {
    let directory = try TemporaryDirectory()
    var shell = Command("sh", ["-c", "mkdir src && echo x > src/a && ln src/a src/b"])
    shell.directory = directory.path
    try await shell.check()
    var draft = LayerDraft(over: nil, now: FileTime(seconds: 0, nanoseconds: 0))
    for (source, destination) in [(".", "/x"), ("a", "/y")] {
      let action = CopyAction(input: 1, sources: [source], destination: destination)
      try draft.copy(
        SourceSelection(action, from: DirectoryTree(directory("src"))), action, resetsOwners: true)
    }
    let links = draft.items.mapValues(\.link)
    let (a, b) = (links[TreePath(cleaning: "/x/a")], links[TreePath(cleaning: "/x/b")])
    #expect(a == b)
    #expect(a != links[TreePath(cleaning: "/y")])
  }

  @Test("what is selected is keyed by name, content, mode and place, and not by time or disk")
  func digests() async throws {
    let directory = try TemporaryDirectory()
    func digest(_ script: String, _ sources: [String] = ["."], resetsOwners: Bool = true)
      async throws
      -> String
    {
      let name = "case-\(UInt64.random(in: 0 ... .max))"
      var shell = Command("sh", ["-euc", "umask 022; mkdir \(name); cd \(name); " + script])
      shell.directory = directory.path
      try await shell.check()
      let action = CopyAction(input: 0, sources: sources, destination: "/")
      return try SourceSelection(action, from: DirectoryTree(directory(name)))
        .contentDigest(resetsOwners: resetsOwners).hex
    }
    let base = try await digest("echo x > a; mkdir d; echo y > d/b")
    #expect(try await digest("mkdir d; echo y > d/b; echo x > a; touch -d @5 a d") == base)
    #expect(try await digest("echo x > a; mkdir d; echo y > d/b; chown 4:5 a") == base)
    let others = [
      try await digest("echo X > a; mkdir d; echo y > d/b"),
      try await digest("echo x > A; mkdir d; echo y > d/b"),
      try await digest("echo x > a; mkdir e; echo y > e/b"),
      try await digest("echo x > a; mkdir d; echo y > d/b; chmod 600 a"),
      try await digest("echo x > a; mkdir d; echo y > d/b; chmod 700 d"),
      try await digest("echo x > a; mkdir d; echo y > b"),
      try await digest("echo x > a; mkdir d; ln -s ../a d/b"),
      try await digest("echo x > a; mkdir d; ln -s ../A d/b"),
      try await digest("echo x > a; mkdir d; echo y > d/b; mkdir e"),
      try await digest("echo x > a; mkdir d; echo y > d/b", ["a"]),
      try await digest("echo x > a; mkdir d; echo y > d/b", ["a", "d"]),
      try await digest("echo x > a; mkdir d; echo y > d/b", ["d", "a"]),
      try await digest("echo x > a; mkdir d; echo y > d/b; chown 4:5 a", resetsOwners: false),
      base,
    ]
    #expect(Set(others).count == others.count)
  }
}

extension LayerDraft {
  /// The files of the draft, one a line.
  var lines: [String] {
    items.keys.sorted().map { path in
      guard let metadata = items[path]?.metadata else { return "" }
      let kind =
        switch metadata.kind {
        case .directory: "d"
        case .regular, .hardLink: "f"
        case .symbolicLink: "l"
        case .fifo: "p"
        case .characterDevice, .blockDevice: "c"
        }
      let target =
        metadata.linkTarget.isEmpty
        ? "" : " -> " + String(decoding: metadata.linkTarget, as: UTF8.self)
      return "\(kind) \(String(metadata.permissions, radix: 8)) "
        + "\(metadata.userID):\(metadata.groupID) \(path)\(target)"
    }
  }
}
