import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "ADD of git repositories, and contexts that are some",
  .enabled(if: Requirement.builds && Requirement.tools("git"), "builds need root, and git"))
struct RemoteRepositoryTests {
  private let directory: TemporaryDirectory
  private let context: FilePath
  private let slipway: Slipway

  init() throws {
    directory = try TemporaryDirectory()
    context = try directory.directory("context")
    slipway = try Slipway()
  }

  /// A repository with two tags, three branches, a link and a program, and its commits by name.
  private func makeRepository(
    _ name: String = "repo", format: String = "sha1"
  ) async throws -> (repository: GitRepository, commits: [String: String]) {
    let repository = try await GitRepository(at: directory("served/\(name)"), format: format)
    try repository.write("FROM scratch\nCOPY . /\n", to: "Dockerfile")
    try repository.write("one\n", to: "file")
    try repository.write("#!/bin/sh\n", to: "bin/run", mode: 0o755)
    try await Command("ln", ["-s", "file", repository.path.appending("link").string]).check()
    let one = try await repository.commit("one")
    try await repository.run("tag", "v1")
    try await repository.run("branch", "old")
    try repository.write("two\n", to: "file")
    try repository.write("FROM scratch\nCOPY inner /from-sub\n", to: "sub/Dockerfile")
    try repository.write("inner\n", to: "sub/inner")
    let two = try await repository.commit("two")
    try await repository.run("tag", "-a", "-m", "annotated", "v2")
    try repository.write("three\n", to: "file")
    let three = try await repository.commit("three")
    try await repository.run("update-server-info")
    let tag = try await repository.name(of: "v2")
    return (repository, ["one": one, "two": two, "three": three, "tag": tag])
  }

  private func build(_ dockerfile: String, _ arguments: String...) async throws -> Slipway.Build {
    try directory.write(dockerfile, to: "context/Dockerfile")
    return try await slipway.build(context, arguments: ["-t", "image:test"] + arguments)
  }

  private func failure(of dockerfile: String) async throws -> String {
    try directory.write(dockerfile, to: "context/Dockerfile")
    let result = try await slipway.run("build", "--progress", "plain", context.string)
    #expect(!result.succeeded)
    return result.errorText
  }

  private func files() async throws -> [String] {
    try await slipway.files(of: "image:test", withoutBusybox: false)
  }

  private static func file(_ text: String, _ path: String, mode: String = "0644") -> String {
    let digests = [
      "one\n": "2c8b08da5ce6", "two\n": "27dd8ed44a83", "three\n": "f69369121844",
      "inner\n": "940a68104d3b",
    ]
    return "f \(mode) 0:0 \(text.utf8.count) \(digests[text] ?? "?") \(path)"
  }

  @Test("The files have the modes that BuildKit gives them, whatever the umask, and no .git")
  func modes() async throws {
    let (_, commits) = try await makeRepository()
    let server = try GitServer(directory("served"))
    try directory.write(
      "FROM scratch\nADD \(server.address("repo"))#v1 /r\n", to: "context/Dockerfile")
    let command = slipway.command(["build", "-t", "image:test", context.string])
    let words = [command.program] + command.arguments
    var masked = Command("sh", ["-c", "umask 077; exec \"$@\"", "sh"] + words)
    masked.environment = command.environment
    try await masked.check()
    let listed = try await files()
    #expect(
      listed.map {
        $0.split(separator: " ").enumerated().filter { $0.offset != 4 }.map(\.element).joined(
          separator: " ")
      }
        == [
          "d 0755 0:0 - /r", "f 0644 0:0 22 /r/Dockerfile", "d 0755 0:0 - /r/bin",
          "f 0755 0:0 10 /r/bin/run", "f 0644 0:0 4 /r/file", "l 0777 0:0 - /r/link -> file",
        ])
    #expect(listed.contains(Self.file("one\n", "/r/file")))
    #expect(commits["one"] != commits["two"])
  }

  @Test(
    "Refs are found as BuildKit finds them, on servers of both kinds",
    arguments: [GitServer.Kind.smart, .dumb])
  func references(kind: GitServer.Kind) async throws {
    let (_, commits) = try await makeRepository()
    let server = try GitServer(directory("served"), kind)
    let address = server.address("repo")
    let cases = [
      ("", "three\n"), ("#main", "three\n"), ("#v1", "one\n"), ("#old", "one\n"), ("#v2", "two\n"),
      ("?branch=old", "one\n"), ("?tag=v2", "two\n"), ("?ref=refs/tags/v1", "one\n"),
      ("#" + commits["two"]!, "two\n"), ("?commit=" + commits["one"]!, "one\n"),
      ("?commit=" + commits["one"]!.prefix(8), "one\n"),
      ("?tag=v2&commit=" + commits["two"]!.prefix(5), "two\n"),
      ("?tag=v2&checksum=" + commits["tag"]!, "two\n"),
    ]
    for (suffix, text) in cases {
      _ = try await build("FROM scratch\nADD \(address)\(suffix) /r\n")
      #expect(try await files().contains(Self.file(text, "/r/file")), "\(suffix)")
    }
  }

  @Test("A subdirectory is the root, and several ways to say so mean the same")
  func subdirectories() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    for suffix in ["#main:sub", "?subdir=sub", "?subdir=/sub/&ref=main", "#:sub"] {
      _ = try await build("FROM scratch\nADD \(server.address("repo"))\(suffix) /r/\n")
      #expect(
        try await files().map { $0.split(separator: " ").last.map(String.init) } == [
          "/r", "/r/Dockerfile", "/r/inner",
        ])
    }
    let missing = try await failure(
      of: "FROM scratch\nADD \(server.address("repo"))#main:none /r/\n")
    #expect(missing.contains("there is no directory `none`"), "\(missing)")
  }

  @Test("A subdirectory that is a link leads nowhere outside of the repository")
  func linkAsSubdirectory() async throws {
    let (repository, _) = try await makeRepository()
    try await Command("ln", ["-s", "/etc", repository.path.appending("out").string]).check()
    try await Command("ln", ["-s", "../../../../../etc", repository.path.appending("up").string])
      .check()
    try await Command("ln", ["-s", "sub", repository.path.appending("in").string]).check()
    try await repository.commit("links")
    let server = try GitServer(directory("served"))
    for name in ["out", "up"] {
      let text = try await failure(
        of: "FROM scratch\nADD \(server.address("repo"))#main:\(name) /r/\n")
      #expect(text.contains("there is no directory `\(name)`"), "\(text)")
    }
    _ = try await build("FROM scratch\nADD \(server.address("repo"))#main:in /r/\n")
    #expect(try await files().contains(Self.file("inner\n", "/r/inner")))
  }

  @Test("Git's own files are no subdirectory, not even through a link")
  func gitDirectoryAsSubdirectory() async throws {
    let (repository, _) = try await makeRepository()
    try await Command("ln", ["-s", ".git", repository.path.appending("own").string]).check()
    try await Command("ln", ["-s", ".git/hooks", repository.path.appending("hooks").string]).check()
    try await repository.commit("links")
    let server = try GitServer(directory("served"))
    for name in [".git", ".git/refs", "own", "own/refs", "hooks"] {
      let text = try await failure(
        of: "FROM scratch\nADD \(server.address("repo"))#main:\(name) /r/\n")
      #expect(text.contains("there is no directory `\(name)`"), "\(text)")
    }
  }

  @Test(
    "A server that lies about what a tag stands for passes no checksum, nor what was built of another",
    arguments: ["refs/tags/v2", "refs/heads/main"])
  func falseTags(name: String) async throws {
    let (repository, commits) = try await makeRepository()
    let server = try GitServer(directory("served"), .dumb)
    let (one, three) = (try #require(commits["one"]), try #require(commits["three"]))
    let address = "\(server.address("repo"))?ref=\(name)"
    // What it truly is comes into the cache.
    _ = try await build("FROM scratch\nADD \(address) /r/\n")
    let refs = repository.path.appending(".git/info/refs")
    let honest = String(decoding: try Files.read(refs), as: UTF8.self)
    let claim = "\t\(name)^{}"
    let others = honest.split(separator: "\n").filter { !$0.hasSuffix(claim) }
    try Files.write(
      Array((others + ["\(one)\(claim)"]).joined(separator: "\n").utf8 + [10]), to: refs)
    for checksum in ["", "--checksum=\(one) "] {
      let text = try await failure(of: "FROM scratch\nADD \(checksum)\(address) /r/\n")
      let actual = name == "refs/heads/main" ? three : try #require(commits["two"])
      #expect(
        text.contains("says that `\(name)` is commit `\(one)`, but it is `\(actual)`"), "\(text)")
    }
    // The commit that was claimed is what it always was.
    try Files.write(Array(honest.utf8), to: refs)
    _ = try await build("FROM scratch\nADD \(server.address("repo"))#\(one) /r/\n")
    #expect(try await files().contains(Self.file("one\n", "/r/file")))
  }

  @Test("What names no ref, or would be an option, is refused")
  func badReferences() async throws {
    let (_, commits) = try await makeRepository()
    let server = try GitServer(directory("served"))
    let address = server.address("repo")
    let none = try await failure(of: "FROM scratch\nADD \(address)#none /r\n")
    #expect(none.contains("repository does not contain ref `none`"), "\(none)")
    #expect(none.contains("Dockerfile:2"), "\(none)")
    let option = try await failure(of: "FROM scratch\nADD \(address)#--upload-pack=id /r\n")
    #expect(option.contains("no name of a branch"), "\(option)")
    let short = try await failure(
      of: "FROM scratch\nADD \(address)?ref=\(commits["one"]!.prefix(8)) /r\n")
    #expect(short.contains("repository does not contain ref"), "\(short)")
    let branch = try await failure(of: "FROM scratch\nADD \(address)?branch=v1 /r\n")
    #expect(branch.contains("repository does not contain ref"), "\(branch)")
    let wrong = try await failure(
      of: "FROM scratch\nADD --checksum=\(commits["two"]!) \(address)#v1 /r\n")
    #expect(wrong.contains("expected checksum to match"), "\(wrong)")
    #expect(wrong.contains(commits["one"]!) && wrong.contains(commits["two"]!), "\(wrong)")
    let absent = try await failure(
      of: "FROM scratch\nADD \(address)#\(String(repeating: "0", count: 40)) /r\n")
    #expect(absent.contains("repository does not contain ref"), "\(absent)")
    let gone = try await failure(of: "FROM scratch\nADD \(server.address("nowhere")) /r\n")
    #expect(gone.contains("nowhere"), "\(gone)")
  }

  @Test("A kept .git is a repository that git finds nothing wrong with")
  func keptGitDirectory() async throws {
    let (_, commits) = try await makeRepository()
    let server = try GitServer(directory("served"))
    let out = directory("out")
    for (suffix, commit) in [("#main", "three"), ("#v2", "two"), ("#" + commits["one"]!, "one")] {
      Files.remove(out)
      _ = try await build(
        "FROM scratch\nADD --keep-git-dir=true \(server.address("repo"))\(suffix) /\n", "-o",
        out.string)
      var git = Command(
        "git", ["-C", out.string, "-c", "safe.directory=*", "status", "--porcelain"])
      git.environment["HOME"] = "/nonexistent"
      #expect(try await git.check().text == "")
      git.arguments = ["-C", out.string, "-c", "safe.directory=*", "rev-parse", "HEAD"]
      #expect(try await git.check().text == commits[commit])
    }
  }

  @Test("A moving branch is asked for, and found in the cache where it has not moved")
  func cache() async throws {
    let (repository, commits) = try await makeRepository()
    let server = try GitServer(directory("served"))
    let dockerfile = "FROM scratch\nADD \(server.address("repo"))#main /r\n"
    let first = try await build(dockerfile)
    server.server.clearLog()
    let second = try await build(dockerfile)
    #expect(second.digest == first.digest && second.ran.isEmpty, "\(second.log)")
    #expect(!server.server.requests.contains { $0.method == "POST" && $0.sent > 1000 })
    try repository.write("four\n", to: "file")
    try await repository.commit("four")
    let third = try await build(dockerfile)
    #expect(third.digest != first.digest)
    // A commit is the same wherever it came from, and needs nobody.
    server.server.stop()
    let pinned = try await build(
      "FROM scratch\nADD \(server.address("repo"))#\(commits["three"]!) /r\n")
    #expect(pinned.ran.isEmpty, "\(pinned.log)")
  }

  @Test("Submodules come along unless they are not wanted, also those named relative")
  func submodules() async throws {
    let inner = try await GitRepository(at: directory("served/inner"))
    try inner.write("inner\n", to: "deep")
    try await inner.commit()
    let (repository, _) = try await makeRepository()
    let server = try GitServer(directory("served"))
    for name in ["module", "other"] {
      try await repository.run("submodule", "--quiet", "add", server.address("inner"), name)
    }
    try await repository.run(
      "config", "-f", ".gitmodules", "submodule.module.url", "../../inner/.git")
    try await repository.commit("modules")
    _ = try await build("FROM scratch\nADD \(server.address("repo")) /r\n")
    let listed = try await files()
    #expect(listed.contains(Self.file("inner\n", "/r/module/deep")), "\(listed)")
    #expect(listed.contains(Self.file("inner\n", "/r/other/deep")), "\(listed)")
    #expect(!listed.contains { $0.contains(".git ") || $0.hasSuffix(".git") }, "\(listed)")
    _ = try await build("FROM scratch\nADD \(server.address("repo"))?submodules=false /r\n")
    #expect(!(try await files()).contains { $0.hasSuffix("/deep") })
  }

  @Test("A submodule on this machine's own disk is refused")
  func localSubmodule() async throws {
    let inner = try await GitRepository(at: directory("secret"))
    try inner.write("secret\n", to: "secret")
    try await inner.commit()
    let (repository, _) = try await makeRepository()
    try await repository.run("submodule", "--quiet", "add", inner.path.string, "module")
    try await repository.commit("module")
    let server = try GitServer(directory("served"))
    let text = try await failure(of: "FROM scratch\nADD \(server.address("repo")) /r\n")
    #expect(text.contains("not allowed"), "\(text)")
  }

  @Test("Repositories of SHA-256 work too")
  func sha256() async throws {
    let (_, commits) = try await makeRepository(format: "sha256")
    #expect(commits["one"]?.utf8.count == 64)
    let server = try GitServer(directory("served"))
    for suffix in ["#v1", "#" + commits["one"]!] {
      _ = try await build("FROM scratch\nADD \(server.address("repo"))\(suffix) /r\n")
      #expect(try await files().contains(Self.file("one\n", "/r/file")))
    }
  }

  @Test("Files that git leaves out of archives are there; --exclude, --chown and --link work")
  func flags() async throws {
    let (repository, _) = try await makeRepository()
    try repository.write("file export-ignore\n", to: ".gitattributes")
    try await repository.commit("attributes")
    let server = try GitServer(directory("served"))
    _ = try await build(
      """
      FROM scratch
      ADD --link --chown=7:8 --exclude=sub --exclude=bin/* \(server.address("repo")) /r/
      """)
    let listed = try await files()
    #expect(listed.contains { $0.hasPrefix("f 0644 7:8 6 ") && $0.hasSuffix(" /r/file") })
    #expect(!listed.contains { $0.contains("/r/sub") || $0.contains("/r/bin/run") }, "\(listed)")
  }

  @Test("Secrets let git in, and are in no log; a redirect gets none of them")
  func credentials() async throws {
    _ = try await makeRepository()
    let served = directory("served")
    let server = try GitServer(served)
    server.server.inject(
      .respond(401, ["WWW-Authenticate": "Basic realm=\"x\""]),
      on: RequestPattern { $0.headers["Authorization"] != "Basic eC1hY2Nlc3MtdG9rZW46aHVzaA==" },
      times: .max)
    let dockerfile = "FROM scratch\nADD \(server.address("repo")) /r\n"
    let refused = try await failure(of: dockerfile)
    #expect(refused.contains("GIT_AUTH_TOKEN"), "\(refused)")
    var slipway = slipway
    slipway.environment["TOKEN"] = "hush"
    let log = try await slipway.build(
      context, "--secret", "id=GIT_AUTH_TOKEN.127.0.0.1:\(server.server.port),env=TOKEN"
    ).log
    #expect(!log.contains("hush") && !log.contains("eC1hY2Nlc3MtdG9rZW46aHVzaA"))

    let other = try GitServer(served)
    let redirecting = try ScriptedServer { request in
      ServerResponse(302, ["Location": "http://127.0.0.1:\(other.server.port)\(request.target)"])
    }
    try directory.write(
      "FROM scratch\nADD http://127.0.0.1:\(redirecting.port)/repo/.git?ref=v1 /r\n",
      to: "context/Dockerfile")
    let result = try await slipway.command([
      "build", "--secret", "id=GIT_AUTH_TOKEN,env=TOKEN", context.string,
    ]).run()
    #expect(!result.succeeded)
    #expect(result.errorText.contains("give the address it leads to"), "\(result)")
    #expect(other.server.requests.isEmpty)
    // Without a secret it is followed.
    _ = try await build(
      "FROM scratch\nADD http://127.0.0.1:\(redirecting.port)/repo/.git?ref=v1 /r\n")
    redirecting.stop()
  }

  /// A program `ssh` that runs what it is told on this machine, and notes how it was called.
  private func makeShell(listingKeys: Bool = false) throws -> FilePath {
    try directory.write(
      """
      #!/bin/sh
      printf '%s\\n' "$@" > "$0.arguments"
      echo "$SSH_AUTH_SOCK" > "$0.agent"
      \(listingKeys ? "ssh-add -l > \"$0.keys\"" : "")
      for command; do :; done
      exec sh -c "$command"
      """, to: "programs/ssh", mode: 0o755)
    return directory("programs")
  }

  @Test("Over SSH the agent that was given is used, and none is an error")
  func ssh() async throws {
    let (repository, _) = try await makeRepository()
    let programs = try makeShell()
    var slipway = slipway
    slipway.environment["PATH"] =
      programs.string + ":" + (Command.plainEnvironment["PATH"] ?? "")
    try directory.write(
      "FROM scratch\nADD git@host.example:\(repository.path)#v1 /r\n", to: "context/Dockerfile")
    let without = try await slipway.run("build", context.string)
    #expect(without.errorText.contains("hint: pass `--ssh default`"), "\(without)")
    #expect(!Files.exists(programs.appending("ssh.arguments")))

    let agent = directory("agent")
    let server = try ScriptedServer(at: .unix(agent)) { _ in ServerResponse(404) }
    defer { server.stop() }
    try await slipway.build(context, "-t", "image:test", "--ssh", "default=\(agent)")
    #expect(try await files().contains(Self.file("one\n", "/r/file")))
    #expect(try Files.text(programs.appending("ssh.agent")) == "\(agent)\n")
    let arguments = try Files.text(programs.appending("ssh.arguments"))
    #expect(arguments.hasPrefix("-F\n/dev/null\n"), "\(arguments)")
    #expect(arguments.contains("\ngit@host.example\n"), "\(arguments)")

    // A context on the command line takes the user's own.
    slipway.environment["SSH_AUTH_SOCK"] = "/run/own"
    try await slipway.check(
      "build", "-t", "image:test", "ssh://git@host.example\(repository.path)#v1")
    #expect(try Files.text(programs.appending("ssh.agent")) == "/run/own\n")
  }

  /// A private key, and its fingerprint.
  private func makeKey(_ name: String, passphrase: String = "") async throws -> (
    path: FilePath, print: String
  ) {
    let path = directory(name)
    try await Command(
      "ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", path.string]
    ).check()
    let words = try await Command("ssh-keygen", ["-l", "-f", path.string]).run().text
    return (path, words.split(separator: " ").map(String.init)[1])
  }

  @Test("Private keys are held by an agent of the build's own, of which nothing is left")
  func sshKeys() async throws {
    let (repository, _) = try await makeRepository()
    let programs = try makeShell(listingKeys: true)
    let keys = [try await makeKey("one"), try await makeKey("two")]
    // As CI systems write them: `ssh-add` would refuse the file.
    chmod(keys[0].path.string, 0o644)
    var slipway = slipway
    slipway.environment["PATH"] =
      programs.string + ":" + (Command.plainEnvironment["PATH"] ?? "")
    slipway.environment["TMPDIR"] = try directory.directory("tmp").string
    try directory.write(
      "FROM scratch\nADD git@host.example:\(repository.path)#v1 /r\n", to: "context/Dockerfile")
    let argument = "default=" + keys.map(\.path.string).joined(separator: ",")
    try await slipway.build(context, "-t", "image:test", "--ssh", argument)
    #expect(try await files().contains(Self.file("one\n", "/r/file")))
    let held = try Files.text(programs.appending("ssh.keys"))
    #expect(keys.allSatisfy { held.contains($0.print) }, "\(held)")
    let socket = try Files.text(programs.appending("ssh.agent")).dropLast()
    #expect(!Files.exists(FilePath(String(socket))))
    #expect(Files.names(in: directory("tmp")).isEmpty)
    #expect(!(try await isAgent(of: String(socket))))
  }

  /// Whether a process still serves such a socket.
  private func isAgent(of socket: String) async throws -> Bool {
    let lines = try await Command("ps", ["-e", "-ww", "-o", "args"]).run().lines
    return lines.contains { $0.contains(socket) }
  }

  @Test("A slipway that is killed leaves no agent that holds its keys")
  func sshKeysOfKilled() async throws {
    let key = try await makeKey("key")
    let server = try ScriptedServer { _ in ServerResponse(404) }
    server.inject(.stall, on: RequestPattern { _ in true }, times: .max)
    defer { server.stop() }
    let folder = try directory.directory("tmp")
    var slipway = slipway
    slipway.environment["TMPDIR"] = folder.string
    try directory.write(
      "FROM scratch\nADD http://127.0.0.1:\(server.port)/file /\n", to: "context/Dockerfile")
    for signal in [SIGINT, SIGKILL] {
      server.clearLog()
      let running = try slipway.command([
        "build", "--ssh", "default=\(key.path)", context.string,
      ]).start()
      try await server.waits(for: RequestPattern { _ in true }, count: 1)
      let name = try #require(Files.names(in: folder).first)
      #expect(try await isAgent(of: name))
      kill(running.process, signal)
      _ = try await running.result()
      for _ in 0..<600 where try await isAgent(of: name) {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(!(try await isAgent(of: name)))
      #expect(Files.names(in: folder).isEmpty)
    }
  }

  @Test("An SSH key that cannot be used is told with what to do, before anything is built")
  func badSSHKeys() async throws {
    try directory.write("FROM scratch\nADD Dockerfile /\n", to: "context/Dockerfile")
    let locked = try await makeKey("locked", passphrase: "hush")
    try directory.write("no key\n", to: "text")
    for (path, words) in [
      (locked.path, "without a passphrase"), (directory("text"), "is no SSH key"),
      (directory("missing"), "there is nothing at"),
    ] {
      let result = try await slipway.run("build", "--ssh", "default=\(path)", context.string)
      #expect(!result.succeeded)
      #expect(result.errorText.contains(words), "\(result)")
      #expect(result.errorText.contains("\(path)"), "\(result)")
    }
    var slipway = slipway
    slipway.environment["PATH"] = directory("nothing").string
    let result = try await slipway.run("build", "--ssh", "default=\(locked.path)", context.string)
    #expect(result.errorText.contains("apt-get install openssh-client"), "\(result)")
  }

  @Test("Without git there is a hint, and only where it is needed")
  func withoutGit() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    var slipway = slipway
    slipway.environment["PATH"] = directory("nothing").string
    try directory.write("FROM scratch\nADD Dockerfile /\n", to: "context/Dockerfile")
    try await slipway.build(context)
    let result = try await slipway.run("build", server.address("repo"))
    #expect(result.errorText.contains("there is no `git` program"), "\(result)")
    #expect(result.errorText.contains("hint: install it"), "\(result)")
  }

  @Test("A build that is cancelled or killed while git works leaves nothing of it")
  func killed() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    try directory.write(
      "FROM scratch\nADD \(server.address("repo"))#v1 /r\n", to: "context/Dockerfile")
    for signal in [SIGINT, SIGKILL] {
      server.server.clearLog()
      server.server.inject(
        .stall, on: .matching(method: "POST", path: "git-upload-pack"), skipping: 1)
      let running = try slipway.command(["build", context.string]).start()
      try await server.server.waits(
        for: .matching(method: "POST", path: "git-upload-pack"), count: 2)
      kill(running.process, signal)
      _ = try await running.result()
      let layers = Files.names(in: slipway.home.appending("snapshots"))
        .filter { $0.hasPrefix("m") }
      #expect(layers.isEmpty)
      #expect(Files.names(in: slipway.home.appending("cache/sources")).isEmpty)
    }
    try await slipway.build(context)
    #expect(Files.names(in: slipway.home.appending("snapshots/tmp")).isEmpty)
  }

  // MARK: - Contexts

  @Test("A repository is a context, with a ref and a subdirectory, and has no .dockerignore")
  func contexts() async throws {
    let (repository, _) = try await makeRepository()
    try repository.write("file\n", to: ".dockerignore")
    try await repository.commit("ignore")
    let server = try GitServer(directory("served"))
    let address = server.address("repo")
    try await slipway.check("build", "-t", "image:test", address)
    #expect(try await files().contains(Self.file("three\n", "/file")))
    #expect(!(try await files()).contains { $0.hasSuffix(" /.git") })
    try await slipway.check("build", "-t", "image:test", address + "#v1")
    #expect(try await files().contains(Self.file("one\n", "/file")))
    try await slipway.check("build", "-t", "image:test", address + "#main:sub")
    #expect(try await files() == [Self.file("inner\n", "/from-sub")])
    let wrong = try await slipway.run("build", "-f", "sub/Dockerfile", address)
    #expect(wrong.errorText.contains("`inner` not found"), "\(wrong)")
  }

  @Test("BUILDKIT_CONTEXT_KEEP_GIT_DIR keeps .git in a context")
  func keptInContext() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    try await slipway.check(
      "build", "-t", "image:test", "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1",
      server.address("repo"))
    #expect(try await files().contains { $0.hasSuffix(" /.git/HEAD") })
  }

  @Test("A Dockerfile for a repository may be of this machine, or come on standard input")
  func otherDockerfiles() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    let own = try directory.write("FROM scratch\nCOPY file /own\n", to: "own.Dockerfile")
    try await slipway.check("build", "-t", "image:test", "-f", own.string, server.address("repo"))
    #expect(try await files() == [Self.file("three\n", "/own")])
    var command = slipway.command(["build", "-t", "image:test", "-f", "-", server.address("repo")])
    command.input = Array("FROM scratch\nCOPY bin /b\n".utf8)
    try await command.check()
    #expect(try await files().contains { $0.hasSuffix(" /b/run") })
    let missing = try await slipway.run("build", "-f", "no/such", server.address("repo"))
    #expect(missing.errorText.contains("there is no `no/such` in the build context"))
  }

  @Test("SOURCE_DATE_EPOCH=context is when the commit was made")
  func epoch() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    try await slipway.check(
      "build", "-t", "image:test", "--build-arg", "SOURCE_DATE_EPOCH=context",
      server.address("repo"))
    // 2001-02-03T04:05:06Z
    let listed = try await slipway.files(of: "image:test", withoutBusybox: false, times: true)
    #expect(listed.allSatisfy { $0.hasPrefix("981173106 ") }, "\(listed)")
  }

  @Test("A named context may be a repository")
  func namedContext() async throws {
    _ = try await makeRepository()
    let server = try GitServer(directory("served"))
    try directory.write(
      "FROM src AS base\nFROM scratch\nCOPY --from=src file /a\nCOPY --from=base file /b\n",
      to: "context/Dockerfile")
    try await slipway.check(
      "build", "-t", "image:test", "--build-context", "src=\(server.address("repo"))#v1",
      context.string)
    #expect(
      try await files() == [Self.file("one\n", "/a"), Self.file("one\n", "/b")])
  }
}
