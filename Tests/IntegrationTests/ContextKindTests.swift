import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Kinds of build contexts", .enabled(if: Requirement.builds, "builds need root"))
struct ContextKindTests {
  private let directory: TemporaryDirectory
  private let slipway: Slipway

  init() throws {
    directory = try TemporaryDirectory()
    slipway = try Slipway()
    try directory.write("FROM scratch\nCOPY . /\n", to: "tree/Dockerfile")
    try directory.write("FROM scratch\nCOPY sub /only\n", to: "tree/sub/other.Dockerfile")
    try directory.write("x", to: "tree/file", mode: 0o640)
    try directory.write("file\n", to: "tree/.dockerignore")
  }

  /// A tar of a folder, its files owned by 7:8.
  private func archive(_ folder: String = "tree", _ options: String...) async throws -> [UInt8] {
    let arguments = ["--owner=7", "--group=8", "--numeric-owner", "--mtime=@784111777"]
    return try await Command(
      "tar", arguments + options + ["-C", directory(folder).string, "-c", "."]
    ).check().output
  }

  private func build(
    input: [UInt8] = [], _ arguments: String..., in folder: String = "tree"
  ) async throws -> Command.Result {
    var command = slipway.command(["build", "-t", "image:test"] + arguments)
    command.input = input
    command.directory = directory(folder)
    return try await command.run()
  }

  private func files() async throws -> [String] {
    try await slipway.files(of: "image:test", withoutBusybox: false)
  }

  private func names() async throws -> [String] {
    try await files().compactMap { $0.split(separator: " ").last.map(String.init) }
  }

  @Test(
    "A tarball on standard input keeps its owners and has no .dockerignore",
    arguments: ["--no-acls", "--gzip", "--zstd", "--xz", "--bzip2"])
  func standardInput(option: String) async throws {
    let result = try await build(input: archive("tree", option), "-")
    #expect(result.succeeded, "\(result)")
    let listed = try await files()
    #expect(listed.contains("f 0640 7:8 1 2d711642b726 /file"), "\(listed)")
    #expect(try await names().contains("/.dockerignore"))
    let again = try await build(input: archive("tree", option), "-")
    #expect(again.errorText.contains("CACHED"), "\(again)")
  }

  @Test(
    "A pipe where a file should be is an error, and nobody waits at it", .timeLimit(.minutes(10)),
    arguments: ["tree/Dockerfile", "tree/.dockerignore", "named/.dockerignore"])
  func pipes(path: String) async throws {
    try directory.write("FROM scratch\nCOPY --from=n . /\n", to: "tree/n.Dockerfile")
    try directory.write("x", to: "named/file")
    unlink(directory(path).string)
    #expect(mkfifo(directory(path).string, 0o600) == 0)
    let file = path.hasPrefix("named") ? "n.Dockerfile" : "Dockerfile"
    let named = "n=\(directory("named"))"
    let arguments = file == "Dockerfile" ? [] : ["-f", file]
    var command = slipway.command(["build", "--build-context", named] + arguments + ["."])
    command.directory = directory("tree")
    let result = try await command.run()
    #expect(!result.succeeded)
    #expect(result.errorText.contains("is not a regular file"), "\(result)")
  }

  @Test("-f names a file inside of a tarball; an absolute one is of this machine")
  func fileInArchive() async throws {
    let inside = try await build(input: archive(), "-f", "sub/other.Dockerfile", "-")
    #expect(inside.succeeded, "\(inside)")
    #expect(try await names() == ["/only", "/only/other.Dockerfile"])
    let own = try directory.write("FROM scratch\nCOPY file /own\n", to: "own")
    let outside = try await build(input: archive(), "-f", own.string, "-")
    #expect(outside.succeeded, "\(outside)")
    #expect(try await names() == ["/own"])
    let missing = try await build(input: archive(), "-f", "none", "-")
    #expect(missing.errorText.contains("there is no `none` in the build context"), "\(missing)")
  }

  @Test("A lower-case dockerfile does where there is no other, in every kind of context")
  func lowerCase() async throws {
    try directory.write("FROM scratch\nCOPY dockerfile /x\n", to: "lower/dockerfile")
    #expect(try await build(".", in: "lower").succeeded)
    #expect(try await build("-f", "Dockerfile", ".", in: "lower").succeeded)
    #expect(try await build(input: archive("lower"), "-").succeeded)
    #expect(try await names() == ["/x"])
  }

  @Test("A Dockerfile on standard input has no files; with a directory it has that")
  func dockerfileOnInput() async throws {
    let alone = try await build(input: Array("FROM scratch\nCOPY <<a /a\nb\na\n".utf8), "-")
    #expect(alone.succeeded, "\(alone)")
    #expect(try await names() == ["/a"])
    let reading = try await build(input: Array("FROM scratch\nCOPY file /a\n".utf8), "-")
    #expect(reading.errorText.contains("`file` not found"), "\(reading)")
    let all = try await build(input: Array("FROM scratch\nCOPY . /a/\n".utf8), "-")
    #expect(all.succeeded, "\(all)")
    let withFiles = try await build(
      input: Array("FROM scratch\nCOPY sub /s\nCOPY fil* /\n".utf8), "-f", "-", ".")
    #expect(withFiles.succeeded, "\(withFiles)")
    // `.dockerignore` counts, `file` is left out by it.
    #expect(try await names() == ["/s", "/s/other.Dockerfile"])
  }

  @Test("Standard input is one thing only")
  func inputTwice() async throws {
    let both = try await build("-f", "-", "-")
    #expect(both.errorText.contains("cannot be both"), "\(both)")
    let two = try await build(input: Array("FROM scratch\n".utf8), "-f", "Dockerfile", "-")
    #expect(two.errorText.contains("ambiguous Dockerfile source"), "\(two)")
  }

  @Test("A tarball by its address is a context, and asked for once")
  func address() async throws {
    let site = try StaticSite()
    site["/c.tgz"] = StaticSite.Page(
      try await archive("tree", "--gzip"), entityTag: "\"1\"",
      lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    let first = try await build(
      "--build-arg", "SOURCE_DATE_EPOCH=context", site.address + "/c.tgz")
    #expect(first.succeeded, "\(first)")
    #expect(site.server.requests.map(\.status) == [200])
    let listed = try await slipway.files(of: "image:test", withoutBusybox: false, times: true)
    #expect(listed.contains("784111777 f 0640 7:8 1 2d711642b726 /file"), "\(listed)")
    let second = try await build(
      "-f", "sub/other.Dockerfile", site.address + "/c.tgz")
    #expect(second.succeeded, "\(second)")
    #expect(site.server.requests.map(\.status) == [200, 304])
  }

  @Test("A Dockerfile by its address is all there is of its context")
  func dockerfileAddress() async throws {
    let site = try StaticSite()
    site["/d"] = StaticSite.Page("FROM scratch\nCOPY . /x\n")
    let result = try await build("-f", "anything", site.address + "/d")
    #expect(result.succeeded, "\(result)")
    #expect(try await files().map { String($0.prefix(13)) } == ["d 0755 0:0 - ", "f 0600 0:0 23"])
    #expect(try await names() == ["/x", "/x/context"])
    site["/e"] = StaticSite.Page("FROM scratch\nCOPY sub /y\n")
    let other = try await build("-f", site.address + "/e", ".")
    #expect(other.succeeded, "\(other)")
    #expect(try await names() == ["/y", "/y/other.Dockerfile"])
  }

  @Test("What lets somebody in at the address of a Dockerfile is in no message")
  func dockerfileCredentials() async throws {
    let site = try StaticSite()
    site["/bad"] = StaticSite.Page("FRUM scratch\n")
    let address = "http://user:hush@127.0.0.1:\(site.server.port)/bad?signature=hush"
    let result = try await build("-f", address, ".")
    #expect(!result.succeeded)
    #expect(result.errorText.contains("\(site.address)/bad:1"), "\(result)")
    #expect(!result.errorText.contains("hush"), "\(result)")
  }

  @Test("Without a Dockerfile and a recipe, the message names no folder of the state")
  func nothingToBuild() async throws {
    let result = try await build(input: archive("tree/sub"), "-")
    #expect(!result.succeeded)
    #expect(result.errorText.contains("there is no `Dockerfile` in the build context"), "\(result)")
    #expect(!result.errorText.contains("snapshots"), "\(result)")
  }

  @Test("SOURCE_DATE_EPOCH=context of an archive without a time is that of its newest file")
  func newestFile() async throws {
    let result = try await build(
      input: archive(), "--build-arg", "SOURCE_DATE_EPOCH=context", "-")
    #expect(result.succeeded, "\(result)")
    let listed = try await slipway.files(of: "image:test", withoutBusybox: false, times: true)
    #expect(listed.contains { $0.hasPrefix("784111777 f ") && $0.hasSuffix(" /file") }, "\(listed)")
  }

  @Test("SOURCE_DATE_EPOCH may be the time of a named context, or of what a stage fetches")
  func namedEpochs() async throws {
    let site = try StaticSite()
    site["/timed"] = StaticSite.Page("x", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    site["/archive.tar"] = StaticSite.Page(try await archive())
    try directory.write(
      """
      ARG SOURCE_DATE_EPOCH=src
      FROM scratch AS src
      ADD \(site.address)/archive.tar /
      FROM scratch
      COPY . /
      """, to: "epoch/Dockerfile")
    for arguments in [[], ["--build-context", "src=\(site.address)/timed"]] {
      var command = slipway.command(["build", "-t", "image:test"] + arguments + ["."])
      command.directory = directory("epoch")
      try await command.check()
      let listed = try await slipway.files(of: "image:test", withoutBusybox: false, times: true)
      #expect(listed.map { String($0.prefix(12)) } == ["784111777 f "], "\(listed)")
    }
  }

  @Test(
    "Hostile archives reach nothing outside of the context",
    arguments: ["dots", "absolute", "through link", "dockerfile link"])
  func hostile(kind: String) async throws {
    let victim = try directory.write("untouched", to: "victim")
    let script = """
      import io, sys, tarfile
      kind, victim = sys.argv[1:]
      out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
      def add(name, text=None, link=None):
          entry = tarfile.TarInfo(name)
          if link is not None:
              entry.type, entry.linkname = tarfile.SYMTYPE, link
              out.addfile(entry)
          else:
              entry.size = len(text)
              out.addfile(entry, io.BytesIO(text.encode()))
      if kind != "dockerfile link":
          add("Dockerfile", "FROM scratch\\nCOPY . /x\\n")
      if kind == "dots":
          add("../" * 12 + victim.lstrip("/"), "evil")
      elif kind == "absolute":
          add(victim, "evil")
      elif kind == "through link":
          add("out", link=victim.rsplit("/", 1)[0])
          add("out/victim", "evil")
      else:
          add("Dockerfile", link=victim)
      out.close()
      """
    let archive = try await Command("python3", ["-c", script, kind, victim.string]).check().output
    let result = try await build(input: archive, "-")
    #expect(try Files.text(victim) == "untouched")
    switch kind {
    case "absolute", "through link":
      // Read relative to the context's root, as tar does there; so are the links on the way.
      #expect(result.succeeded, "\(result)")
      #expect(try await names().contains("/x" + victim.string))
    default:
      #expect(!result.succeeded, "\(result)")
      #expect(!result.errorText.contains("untouched"))
    }
  }

  @Test("A named context may be a file by its address, and several local ones have their own rules")
  func namedContexts() async throws {
    let site = try StaticSite()
    site["/data.bin"] = StaticSite.Page("data")
    try directory.write("a", to: "one/a")
    try directory.write("b", to: "one/b")
    try directory.write("a\n", to: "one/.dockerignore")
    try directory.write("a", to: "two/a")
    try directory.write(
      """
      FROM scratch
      COPY --from=data context /data
      COPY --from=one * /one/
      COPY --from=two * /two/
      """, to: "main/Dockerfile")
    let result = try await build(
      "--build-context", "data=\(site.address)/data.bin",
      "--build-context", "one=\(directory("one"))", "--build-context", "two=\(directory("two"))",
      ".", in: "main")
    #expect(result.succeeded, "\(result)")
    #expect(
      try await names() == ["/data", "/one", "/one/.dockerignore", "/one/b", "/two", "/two/a"])
  }

  @Test("<name>.dockerignore beside the Dockerfile wins over the context's own")
  func ownIgnoreFile() async throws {
    try directory.write("FROM scratch\nCOPY . /x\n", to: "tree/b.Dockerfile")
    try directory.write("*Dockerfile*\nsub\n", to: "tree/b.Dockerfile.dockerignore")
    let result = try await build("-f", "b.Dockerfile", ".")
    #expect(result.succeeded, "\(result)")
    #expect(try await names() == ["/x", "/x/.dockerignore", "/x/file"])
  }

  @Test("A context without a Dockerfile gets a recipe, unless a link of it leads out")
  func recipes() async throws {
    try directory.write("module example.com/x\n\ngo 1.21\n", to: "go/go.mod")
    try directory.write("package main\n\nfunc main() {}\n", to: "go/main.go")
    let result = try await build(input: archive("go"), "-")
    // No image for the toolchain is here; but it is asked for.
    #expect(result.errorText.contains("Dockerfile of the"), "\(result)")
    try await Command("ln", ["-s", "/etc/passwd", directory("go/go.sum").string]).check()
    let linked = try await build(input: archive("go"), "-")
    #expect(linked.errorText.contains("`go.sum` must not lead out"), "\(linked)")
  }

  @Test("What is no context is told", arguments: ["nowhere", "ftp://x/y", "file:///x"])
  func noContext(text: String) async throws {
    let result = try await build(text)
    #expect(!result.succeeded)
    #expect(
      result.errorText.contains(text.contains(":") ? "kind of context" : "does not exist"),
      "\(result)")
  }
}
