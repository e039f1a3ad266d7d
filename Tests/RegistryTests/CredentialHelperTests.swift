import Glibc
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite("CredentialHelper")
struct CredentialHelperTests {
  private let scratch: CredentialScratch

  init() throws {
    scratch = try CredentialScratch()
  }

  private func find(_ registry: String = "r.test") async throws -> String? {
    try await scratch.store.credential(for: registry)?.plainText
  }

  /// The words of the error that looking for the credential of `r.test` ends with.
  private func complaint(_ scratch: CredentialScratch) async -> String {
    do {
      let found = try await scratch.store.credential(for: "r.test")
      return "no error, but \(String(describing: found))"
    } catch {
      return "\(error)"
    }
  }

  @Test("is asked for the registry it is named for, then the one for all, then the file")
  func order() async throws {
    for name in ["one", "all"] { try scratch.keyRing(name) }
    try scratch.docker(
      """
      {"credHelpers": {"https://r.test": "one"}, "credsStore": "all",
        "auths": {"r.test": {"auth": "dTpmaWxl"}, "x.test": {"auth": "dTpmaWxl"}}}
      """)
    #expect(try await find() == "u:file")
    #expect(try scratch.calls(of: "one") == ["get r.test"])
    #expect(try scratch.calls(of: "all") == ["get r.test"])
    let answer = #"{"Username": "u", "Secret": "all"}"#
    try scratch.folder.write(answer, to: "home/all.ring/r.test")
    #expect(try await find() == "u:all")
    try scratch.folder.write(
      #"{"ServerURL": "r.test", "Username": "u", "Secret": "one"}"#, to: "home/one.ring/r.test")
    #expect(try await find() == "u:one")
    #expect(try await find("x.test") == "u:file")
    #expect(try scratch.calls(of: "one").count == 3)
  }

  @Test("is not asked where its name is empty")
  func emptyName() async throws {
    try scratch.keyRing("all")
    try scratch.docker(
      #"{"credHelpers": {"r.test": ""}, "credsStore": "all", "auths": {"r.test": {"auth": "dTpw"}}}"#
    )
    #expect(try await find() == "u:p")
    #expect(!Files.exists(scratch.folder("home/all.calls")))
  }

  @Test("is told Docker's name of Docker Hub", arguments: ["docker.io", "registry-1.docker.io"])
  func dockerHub(registry: String) async throws {
    try scratch.keyRing("all")
    try scratch.docker(#"{"credsStore": "all"}"#)
    #expect(try await find(registry) == nil)
    #expect(try scratch.calls(of: "all") == ["get https://index.docker.io/v1/"])
  }

  @Test("works for Podman's file too")
  func podman() async throws {
    try scratch.keyRing("ring")
    try scratch.folder.write(
      #"{"credHelpers": {"r.test": "ring"}}"#, to: "runtime/containers/auth.json")
    try scratch.folder.write(#"{"Username": "u", "Secret": "p"}"#, to: "home/ring.ring/r.test")
    #expect(try await find() == "u:p")
  }

  @Test(
    "answers with a password, a token or nothing",
    arguments: [
      (#"{"ServerURL":"r.test","Username":"u","Secret":"p"}"#, "u:p"),
      (#"{"Username":"<token>","Secret":"t"}"#, "identity token t"),
      (#"{"Username":"","Secret":"p"}"#, ":p"), (#"{"Secret":"p"}"#, ":p"),
      (#"{"Username":"u","Secret":""}"#, nil),
      (#" {"Username":"u","Secret":"a\"b\\c\u00e9","Other":[1]} "#, "u:a\"b\\cé"),
    ])
  func answers(answer: String, expected: String?) async throws {
    try scratch.helper("h", "cat <<'end'\n\(answer)\nend\n")
    try scratch.docker(#"{"credsStore": "h"}"#)
    #expect(try await find() == expected)
  }

  @Test("has nothing where it says so on either stream", arguments: ["", " >&2"])
  func absence(redirection: String) async throws {
    try scratch.helper(
      "h", "echo 'credentials not found in native keychain'\(redirection)\nexit 1\n")
    try scratch.docker(#"{"credsStore": "h"}"#)
    #expect(try await find() == nil)
  }

  @Test(
    "is named, and quoted, where it fails",
    arguments: [
      ("echo 'pass not initialized'; exit 1", "failed with exit code 1: `pass not initialized`"),
      ("echo oh >&2; echo no >&2; exit 3", "failed with exit code 3: `oh no`"),
      ("printf '\\033[2Jgone\\n'; exit 1", "`\\u{1B}[2Jgone`"),
      ("exit 1", "failed with exit code 1 and did not say why"),
      // What it gave away before it failed is not for people.
      (#"echo '{"Username":"u","Secret":"s3cret"}'; exit 1"#, "did not say why"),
      (#"echo '{"Username":"u", s3cret'"#, "did not answer with a JSON object"),
      ("echo s3cret", "did not answer with a JSON object"), ("true", "did not answer"),
      (#"echo '{"Username":"s3cret"}'"#, "did not answer with a JSON object"),
      ("kill -9 $$", "was killed by signal 9"),
      ("head -c 3000000 /dev/zero", "wrote more than a credential can be"),
      ("yes s3cret >&2", "wrote more than a credential can be"),
    ])
  func failures(script: String, words: String) async throws {
    try scratch.helper("broken", script + "\n")
    try scratch.docker(#"{"credsStore": "broken"}"#)
    let complaint = await complaint(scratch)
    #expect(
      complaint.hasPrefix("the credential helper `docker-credential-broken` "), "\(complaint)")
    #expect(complaint.contains(words), "\(complaint)")
    #expect(
      complaint.hasSuffix("; hint: set it up, or take `broken` out of `\(scratch.dockerFile)`"),
      "\(complaint)")
    #expect(!complaint.contains("s3cret"), "\(complaint)")
  }

  @Test("does not repeat a secret that a failing helper repeats")
  func echo() async throws {
    try scratch.helper("echo", "cat; exit 1\n")
    try scratch.helper("wide", #"sed 's/.*"Secret":"\([^"]*\)".*/no place for \1 here/'; exit 1"#)
    for (name, secret) in [("echo", "s3cret"), ("wide", "s3cret"), ("echo", "s3\"cret\\")] {
      try scratch.docker(#"{"credsStore": "\#(name)"}"#)
      let error = await #expect(throws: CredentialError.self) {
        try await scratch.store.save(.password(username: "u", password: secret), for: "r.test")
      }
      let complaint = error.map { "\($0)" } ?? ""
      #expect(complaint.contains("docker-credential-\(name)"))
      #expect(!complaint.contains("cret"), "\(complaint)")
    }
  }

  @Test("that is not installed is asked for, with a way out")
  func missing() async throws {
    try scratch.docker(#"{"credsStore": "absent"}"#)
    #expect(
      await complaint(scratch)
        == "`\(scratch.dockerFile)` asks for the credential helper `docker-credential-absent`, "
        + "which is not in `PATH`; hint: install it, or take `absent` out of that file")
  }

  @Test("is not taken from a relative directory of PATH, nor where it is no program")
  func untrustedPlaces() async throws {
    var scratch = scratch
    try scratch.folder.write("", to: "bin/docker-credential-plain", mode: 0o644)
    try scratch.folder.directory("bin/docker-credential-folder")
    try scratch.helper("here", "echo '{\"Secret\":\"x\"}'\n")
    scratch.environment["PATH"] = "::.:bin:"
    for name in ["plain", "folder", "here"] {
      if name == "folder" { scratch.environment["PATH"] = scratch.folder("bin").string }
      if name == "here" { scratch.environment["PATH"] = ":.:../../../../\(scratch.folder("bin"))" }
      try scratch.docker(#"{"credsStore": "\#(name)"}"#)
      #expect(await complaint(scratch).contains("is not in `PATH`"))
    }
  }

  @Test("that cannot be started says so")
  func notStartable() async throws {
    try scratch.folder.write("#!/nowhere\n", to: "bin/docker-credential-odd", mode: 0o755)
    try scratch.docker(#"{"credsStore": "odd"}"#)
    let complaint = await complaint(scratch)
    #expect(complaint.contains("`docker-credential-odd` cannot be started: "), "\(complaint)")
  }

  @Test("gets of the environment what it needs, and nothing else")
  func environment() async throws {
    var scratch = scratch
    try scratch.helper("env", "env > \"$HOME/seen\"\necho '{\"Secret\":\"x\"}'\n")
    try scratch.docker(#"{"credsStore": "env"}"#)
    let given = [
      "DBUS_SESSION_BUS_ADDRESS", "GPG_TTY", "AWS_PROFILE", "GOOGLE_APPLICATION_CREDENTIALS",
      "AZURE_CLIENT_ID", "PASSWORD_STORE_DIR", "XDG_DATA_HOME", "HTTPS_PROXY", "LC_ALL",
    ]
    let kept = [
      "DOCKER_AUTH_CONFIG", "GITHUB_TOKEN", "CI_JOB_TOKEN", "SSH_AUTH_SOCK", "LD_PRELOAD",
      "MY_AWS_KEY", "REGISTRY_AUTH_FILE_", "SLIPWAY_HOME",
    ]
    for name in given + kept { scratch.environment[name] = "value" }
    #expect(try await scratch.store.credential(for: "r.test") != nil)
    let seen = try Files.text(scratch.folder("home/seen")).split(separator: "\n")
      .map { String($0.prefix { $0 != "=" }) }
    // The shell adds its own.
    #expect(
      Set(seen).subtracting(["PWD", "SHLVL", "_", "OLDPWD"])
        == Set(given + ["HOME", "PATH", "XDG_RUNTIME_DIR"]))
  }

  @Test("need not read what it is given")
  func unreadInput() async throws {
    try scratch.helper("deaf", "exec <&-\nexit 0\n")
    try scratch.docker(#"{"credsStore": "deaf"}"#)
    let long = String(repeating: "s", count: 200_000)
    for password in ["p", long] {
      let location = try await scratch.store.save(
        .password(username: "u", password: password), for: "r.test")
      #expect(location == .helper(name: "deaf"))
    }
  }

  @Test("may leave a process behind that keeps its output open", .timeLimit(.minutes(10)))
  func lingering() async throws {
    try scratch.helper(
      "agent", "sleep 1000 &\necho $! > \"$HOME/agent\"\necho '{\"Secret\":\"p\"}'\n")
    try scratch.docker(#"{"credsStore": "agent"}"#)
    #expect(try await find() == ":p")
    let agent = try Files.text(scratch.folder("home/agent")).prefix { $0.isNumber }
    #expect(try kill(#require(pid_t(agent)), SIGKILL) == 0)
  }

  @Test("is killed with all that it started when its time is over", .timeLimit(.minutes(10)))
  func timeLimit() async throws {
    var scratch = scratch
    let pipe = try HeldPipe(scratch)
    scratch.helperTimeLimit = .seconds(3)
    let looking = Task { [scratch] in try await scratch.store.credential(for: "r.test") }
    try await pipe.waitForStart()
    let error = await #expect(throws: CredentialError.self) { try await looking.value }
    #expect(
      error?.description.hasPrefix(
        "the credential helper `docker-credential-slow` did not answer within 3 seconds") == true)
    try await pipe.waitForEnd()
  }

  @Test("is killed with all that it started when its task is cancelled", .timeLimit(.minutes(10)))
  func cancellation() async throws {
    let pipe = try HeldPipe(scratch)
    let looking = Task { try await scratch.store.credential(for: "r.test") }
    try await pipe.waitForStart()
    looking.cancel()
    await #expect(throws: CancellationError.self) { try await looking.value }
    try await pipe.waitForEnd()
  }

  @Test("keeps what it is given, and forgets it")
  func roundTrip() async throws {
    try scratch.keyRing("ring")
    try scratch.docker(#"{"credsStore": "ring", "auths": {"r.test": {"auth": "b2xkOm9sZA=="}}}"#)
    let store = scratch.store
    for credential in [
      Credential.password(username: "u", password: "p w\"\\:ü/"), .identityToken("tok"),
    ] {
      for registry in ["r.test", "docker.io"] {
        #expect(try await store.save(credential, for: registry) == .helper(name: "ring"))
        #expect(try await store.credential(for: registry) == credential)
      }
    }
    // What was in the file is gone, and the marks that Docker looks for are there.
    #expect(
      try scratch.dockerText == """
        {
        \t"credsStore": "ring",
        \t"auths": {
        \t\t"r.test": {},
        \t\t"https://index.docker.io/v1/": {}
        \t}
        }
        """)
    #expect(try await store.erase("r.test"))
    #expect(try await store.credential(for: "r.test") == nil)
    #expect(try await store.credential(for: "docker.io")?.plainText == "identity token tok")
    #expect(try await !store.erase("r.test"))
    #expect(try await store.erase("docker.io"))
    #expect(try scratch.dockerText == "{\n\t\"credsStore\": \"ring\",\n\t\"auths\": {}\n}")
  }

  @Test("is not given a registry token, for which it has no place")
  func registryToken() async throws {
    try scratch.keyRing("ring")
    try scratch.docker(#"{"credsStore": "ring"}"#)
    let error = await #expect(throws: CredentialError.self) {
      try await scratch.store.save(.registryToken("s3cret"), for: "r.test")
    }
    #expect(error == .registryTokenNotForHelper(name: "ring"))
    #expect(!Files.exists(scratch.folder("home/ring.calls")))
  }

  @Test("that fails to keep a credential leaves the file as it was")
  func failedStore() async throws {
    try scratch.helper("full", "cat >/dev/null; echo 'no space'; exit 1\n")
    let text = #"{"credsStore": "full", "auths": {"r.test": {"auth": "dTpw"}}}"#
    try scratch.docker(text)
    await #expect(throws: CredentialError.self) {
      try await scratch.store.save(.password(username: "u", password: "p"), for: "r.test")
    }
    await #expect(throws: CredentialError.self) { try await scratch.store.erase("r.test") }
    #expect(try scratch.dockerText == text)
  }
}

/// A helper that starts another process and waits, and a pipe that the two hold open.
private struct HeldPipe {
  private let reader: RunningCommand

  init(_ scratch: CredentialScratch) throws {
    let path = scratch.folder("pipe").string
    guard mkfifo(path, 0o600) == 0 else { throw Errno(rawValue: errno) }
    reader = try Command("cat", [path]).start()
    try scratch.helper("slow", "exec 9>'\(path)'\nsleep 1000 &\necho started >&9\nwait\n")
    try scratch.docker(#"{"credsStore": "slow"}"#)
  }

  func waitForStart() async throws { try await reader.waits(for: "started") }

  /// Waits until no process has the pipe open for writing.
  func waitForEnd() async throws { #expect(try await reader.result().succeeded) }
}
