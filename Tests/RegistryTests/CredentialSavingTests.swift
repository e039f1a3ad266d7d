import Glibc
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite("CredentialStore, saving")
struct CredentialSavingTests {
  private let scratch: CredentialScratch
  private static let credential = Credential.password(username: "u", password: "p:w")

  init() throws {
    scratch = try CredentialScratch()
  }

  private func mode(of path: FilePath) -> mode_t {
    var status = stat()
    return lstat(path.string, &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  @Test("makes a file that only its owner may read, and the folders on the way")
  func newFile() async throws {
    var scratch = scratch
    scratch.environment["DOCKER_CONFIG"] = scratch.folder("a/b").string
    let file = scratch.folder("a/b/config.json")
    let location = try await scratch.store.save(Self.credential, for: "r.test")
    #expect(location == .file(file))
    #expect("\(location)" == "`\(file)`")
    #expect(
      try Files.text(file)
        == "{\n\t\"auths\": {\n\t\t\"r.test\": {\n\t\t\t\"auth\": \"dTpwOnc=\"\n\t\t}\n\t}\n}")
    #expect(mode(of: file) == 0o600)
    #expect(mode(of: scratch.folder("a/b")) == 0o700)
    #expect(Files.names(in: scratch.folder("a/b")) == ["config.json"])
    #expect(try await scratch.store.credential(for: "r.test") == Self.credential)
  }

  @Test(
    "gives back what it was given",
    arguments: [
      Credential.password(username: "u", password: ""),
      .password(username: "ü", password: "::\n\"\\"),
      .identityToken("tok\"en"), .registryToken("a/b+c=="),
    ])
  func roundTrip(credential: Credential) async throws {
    for registry in ["r.test", "localhost:5000", "[::1]:5000", "docker.io"] {
      _ = try await scratch.store.save(credential, for: registry)
      #expect(try await scratch.store.credential(for: registry) == credential)
    }
  }

  @Test("keeps everything else in the file as it is")
  func preservation() async throws {
    try scratch.docker(
      """
      {"HttpHeaders": {"X-Meta": "a\\/b\\u00e9\\ud83d\\ude00 \\ud800"},
       "big": 123456789012345678901234567890, "exact": 1.10, "float": -0.5E+3, "auths": {
         "a.test": {"auth": "dTpw", "email": "me@a.test"}, "r.test/ns": {"auth": "bjpz"}},
       "empty": {}, "none": null, "list": [[], true, false, ""], "psFormat": "{{.ID}}\\t{{.Names}}",
       "dup": 1, "dup": 2}
      """)
    _ = try await scratch.store.save(Self.credential, for: "r.test")
    #expect(
      try scratch.dockerText == """
        {
        \t"HttpHeaders": {
        \t\t"X-Meta": "a\\/b\\u00e9\\ud83d\\ude00 \\ud800"
        \t},
        \t"big": 123456789012345678901234567890,
        \t"exact": 1.10,
        \t"float": -0.5E+3,
        \t"auths": {
        \t\t"a.test": {
        \t\t\t"auth": "dTpw",
        \t\t\t"email": "me@a.test"
        \t\t},
        \t\t"r.test/ns": {
        \t\t\t"auth": "bjpz"
        \t\t},
        \t\t"r.test": {
        \t\t\t"auth": "dTpwOnc="
        \t\t}
        \t},
        \t"empty": {},
        \t"none": null,
        \t"list": [
        \t\t[],
        \t\ttrue,
        \t\tfalse,
        \t\t""
        \t],
        \t"psFormat": "{{.ID}}\\t{{.Names}}",
        \t"dup": 1,
        \t"dup": 2
        }
        """)
  }

  @Test("replaces the old credential, however its registry was spelt")
  func replacement() async throws {
    try scratch.docker(
      """
      {"auths": {"a.test": {}, "docker.io": {"auth": "bzpv"}, "index.docker.io": {"auth": "bzpv"},
        "https://index.docker.io/v1/": {"auth": "bzpv"}, "docker.io/me": {"auth": "bjpz"}}}
      """)
    _ = try await scratch.store.save(Self.credential, for: "docker.io")
    #expect(
      try scratch.dockerText.filter { !$0.isWhitespace }
        == #"{"auths":{"a.test":{},"https://index.docker.io/v1/":{"auth":"dTpwOnc="},"#
        + #""docker.io/me":{"auth":"bjpz"}}}"#)
  }

  @Test("makes a file that others could read one of its owner")
  func loosePermissions() async throws {
    try scratch.folder.write("{}", to: "home/.docker/config.json", mode: 0o666)
    _ = try await scratch.store.save(Self.credential, for: "r.test")
    #expect(mode(of: scratch.dockerFile) == 0o600)
  }

  @Test("leaves the file to its owner", .enabled(if: Requirement.root, "needs root"))
  func ownership() async throws {
    try scratch.docker("{}")
    #expect(chown(scratch.dockerFile.string, 12345, 23456) == 0)
    _ = try await scratch.store.save(Self.credential, for: "r.test")
    var status = stat()
    #expect(stat(scratch.dockerFile.string, &status) == 0)
    #expect(status.st_uid == 12345 && status.st_gid == 23456)
  }

  @Test("writes through symbolic links, also to what is not there yet", arguments: [true, false])
  func symbolicLinks(exists: Bool) async throws {
    let target = scratch.folder("dotfiles/docker.json")
    try scratch.folder.directory("dotfiles")
    try scratch.folder.directory("home/.docker")
    if exists { try Files.write(Array(#"{"kept": 1}"#.utf8), to: target) }
    let links = [
      ("../../hop", scratch.dockerFile), ("dotfiles/docker.json", scratch.folder("hop")),
    ]
    for (to, from) in links { try await Command("ln", ["-s", to, from.string]).check() }
    _ = try await scratch.store.save(Self.credential, for: "r.test")
    #expect(try Files.text(target).contains("dTpwOnc="))
    #expect(try Files.text(target).contains("kept") == exists)
    for (_, link) in links {
      var status = stat()
      #expect(lstat(link.string, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }
    #expect(Files.names(in: scratch.folder("dotfiles")) == ["docker.json"])
  }

  @Test("does not follow symbolic links for ever")
  func linkLoop() async throws {
    try scratch.folder.directory("home/.docker")
    try await Command("ln", ["-s", "config.json", scratch.dockerFile.string]).check()
    let error = await #expect(throws: (any Error).self) {
      try await scratch.store.save(Self.credential, for: "r.test")
    }
    #expect(error.map { "\($0)" }?.contains("too many levels of symbolic links") == true)
  }

  @Test(
    "never writes to a malformed file",
    arguments: ["{", "[]", #"{"auths": []}"#, #"{"auths": {}} {}"#, #"{"credsStore": 1}"#])
  func malformed(text: String) async throws {
    try scratch.docker(text)
    await #expect(throws: CredentialError.self) {
      try await scratch.store.save(Self.credential, for: "r.test")
    }
    if text != #"{"credsStore": 1}"# {
      await #expect(throws: CredentialError.self) { try await scratch.store.erase("r.test") }
    }
    #expect(try scratch.dockerText == text)
    #expect(Files.names(in: scratch.folder("home/.docker")) == ["config.json"])
  }

  @Test("writes to the file of REGISTRY_AUTH_FILE, which is looked at first")
  func explicitFile() async throws {
    var scratch = scratch
    try scratch.docker(#"{"auths": {"r.test": {"auth": "b2xkOm9sZA=="}}}"#)
    scratch.environment["REGISTRY_AUTH_FILE"] = scratch.folder("auth.json").string
    #expect(
      try await scratch.store.save(Self.credential, for: "r.test")
        == .file(scratch.folder("auth.json")))
    #expect(try await scratch.store.credential(for: "r.test") == Self.credential)
    #expect(try await scratch.store.erase("r.test"))
    // Docker's own is not ours to forget here.
    #expect(try await scratch.store.credential(for: "r.test")?.plainText == "old:old")
  }

  @Test("says that there is no place, and that one cannot be written")
  func noPlace() async throws {
    var scratch = scratch
    func complaint(_ scratch: CredentialScratch) async -> String {
      do {
        return "\(try await scratch.store.save(Self.credential, for: "r.test"))"
      } catch {
        return "\(error)"
      }
    }
    scratch.environment["HOME"] = nil
    #expect(
      await complaint(scratch)
        == "there is no place to keep credentials in; hint: set `HOME` or `DOCKER_CONFIG`")
    scratch.environment["DOCKER_CONFIG"] = scratch.folder("file/below").string
    try scratch.folder.write("", to: "file")
    #expect(
      await complaint(scratch)
        == "cannot write `\(scratch.folder("file/below/config.json"))`: not a directory"
        + "; hint: set `DOCKER_CONFIG` to a directory that can be written")
    await #expect(throws: CredentialError.colonInUsername) {
      try await self.scratch.store.save(.password(username: "a:b", password: ""), for: "r.test")
    }
  }

  @Test("does not write a file that is already as it should be")
  func unchanged() async throws {
    try scratch.keyRing("ring")
    let text = #"{"credsStore": "ring",   "auths": {"r.test": {}}}"#
    try scratch.docker(text)
    _ = try await scratch.store.save(Self.credential, for: "r.test")
    #expect(try scratch.dockerText == text)
    #expect(try await !scratch.store.erase("x.test"))
    #expect(try scratch.dockerText == text)
  }

  @Test("loses none of many logins at once")
  func concurrency() async throws {
    let scratch = scratch
    try scratch.docker(#"{"kept": 1}"#)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<20 {
        group.addTask {
          _ = try await scratch.store.save(
            .password(username: "u", password: "\(index)"), for: "r\(index).test")
        }
        // What is read meanwhile is whole.
        group.addTask { _ = try await scratch.store.credential(for: "r\(index).test") }
      }
      try await group.waitForAll()
    }
    for index in 0..<20 {
      #expect(try await scratch.store.credential(for: "r\(index).test")?.plainText == "u:\(index)")
    }
    #expect(try scratch.dockerText.hasPrefix("{\n\t\"kept\": 1,"))
    #expect(Files.names(in: scratch.folder("home/.docker")) == ["config.json"])
  }

  @Test("goes on where a crash left its new file behind")
  func afterCrash() async throws {
    try scratch.docker("{}")
    try scratch.folder.write("half", to: "home/.docker/config.json.slipway-new", mode: 0o644)
    try scratch.folder.write("", to: "home/.docker/config.json.slipway-lock")
    _ = try await scratch.store.save(Self.credential, for: "r.test")
    #expect(try await scratch.store.credential(for: "r.test") == Self.credential)
    #expect(mode(of: scratch.dockerFile) == 0o600)
    #expect(Files.names(in: scratch.folder("home/.docker")) == ["config.json"])
  }

  @Test("forgets what it kept, and not what is for a part of the registry")
  func erasing() async throws {
    try scratch.docker(
      #"{"auths": {"https://r.test/v1/": {"auth": "dTpw"}, "r.test/ns": {"auth": "bjpz"}}, "x": 1}"#
    )
    #expect(try await scratch.store.erase("r.test"))
    #expect(try await !scratch.store.erase("r.test"))
    #expect(try await scratch.store.credential(for: "r.test") == nil)
    #expect(try await scratch.store.credential(for: "r.test", repository: "ns/a") != nil)
    #expect(try scratch.dockerText.contains("\"x\": 1"))
  }

  @Test("forgets nothing where there is no file, and makes none")
  func erasingNothing() async throws {
    #expect(try await !scratch.store.erase("r.test"))
    #expect(!Files.exists(scratch.folder("home/.docker")))
  }

  @Test(
    "writes what Podman and Skopeo read", .enabled(if: Requirement.tools("skopeo"), "needs skopeo"),
    arguments: ["r.test", "localhost:5000", "docker.io"])
  func otherTools(registry: String) async throws {
    _ = try await scratch.store.save(
      .password(username: "somebody", password: "p:w"), for: registry)
    for tool in ["skopeo", "podman"] where Requirement.tools(tool) {
      let arguments = ["login", "--get-login", "--authfile", scratch.dockerFile.string, registry]
      var command = Command(tool, arguments)
      command.environment["HOME"] = scratch.folder("home").string
      command.environment["XDG_RUNTIME_DIR"] = scratch.folder("home").string
      #expect(try await command.check().text == "somebody", "\(tool)")
    }
  }
}
