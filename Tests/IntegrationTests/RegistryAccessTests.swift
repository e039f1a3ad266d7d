import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Registries that want to know who is there",
  .enabled(
    if: Requirement.builds && Requirement.dockerRegistry,
    "builds need root; registries need docker-registry and openssl"))
struct RegistryAccessTests {
  private static let user = BasicCredentials(user: "alice", password: "open:sesame 1")

  private let directory: TemporaryDirectory
  private var slipway: Slipway

  init() async throws {
    directory = try TemporaryDirectory()
    try directory.write("FROM busybox:test\nRUN echo text > /file\n", to: "context/Dockerfile")
    slipway = try await Slipway().withBusybox()
    slipway.environment["HOME"] = try directory.directory("user").string
  }

  private func logIn(_ registry: DockerRegistry, password: String) async throws -> Command.Result {
    var command = slipway.command([
      "login", "-u", RegistryAccessTests.user.user, "--password-stdin", registry.host,
    ])
    command.input = Array((password + "\n").utf8)
    return try await command.run()
  }

  /// Nothing works before a login, everything after it, and nothing after a logout; no password is in
  /// what is said or left behind.
  private func checkAccess(to registry: DockerRegistry) async throws {
    let name = "\(registry.host)/private/app:1"
    let context = directory("context").string
    let before = try await slipway.run("build", "-t", name, "--push", context)
    #expect(before.status == .exited(1))
    #expect(before.errorText.contains("401 Unauthorized"))
    #expect(before.errorText.contains("slipway login \(registry.host)"))

    let wrong = try await logIn(registry, password: "open:barley")
    #expect(wrong.status == .exited(1))
    #expect(!wrong.errorText.contains("barley"))
    #expect(!Files.exists(directory("user/.docker/config.json")))

    let right = try await logIn(registry, password: RegistryAccessTests.user.password)
    #expect(right.status == .exited(0), "\(right)")
    let built = try await slipway.run("build", "-t", name, "--push", context)
    #expect(built.status == .exited(0), "\(built)")
    #expect(!built.errorText.contains(RegistryAccessTests.user.password))
    var other = try Slipway()
    other.environment = slipway.environment
    try await other.check("pull", name)
    #expect(try await other.check("run", name, "cat", "/file").text == "text")

    try await slipway.check("logout", registry.host)
    #expect(try await Slipway().run("pull", name).status == .exited(1))
    let again = try await other.run("push", name, "\(registry.host)/private/app:2")
    #expect(again.status == .exited(1))
  }

  @Test("with a password")
  func password() async throws {
    var options = DockerRegistry.Options()
    options.authentication = .password(RegistryAccessTests.user)
    try await checkAccess(to: DockerRegistry.start(options))
  }

  @Test("with tokens of a token server")
  func tokens() async throws {
    let server = try await TokenServer(credentials: RegistryAccessTests.user)
    try await checkAccess(to: DockerRegistry.start(.init(authentication: .tokens(server))))
  }

  @Test("with TLS of a private authority, named in certs.d")
  func privateAuthority() async throws {
    let authority = try await CertificateAuthority()
    let registry = try await DockerRegistry.start(.init(authority: authority))
    let name = "\(registry.host)/app:1"
    let context = directory("context").string
    let distrusted = try await slipway.run("build", "-t", name, "--push", context)
    #expect(distrusted.status == .exited(1))
    let folder = directory("user/.docker/certs.d/\(registry.host)")
    try Files.write(Files.read(authority.certificate), to: folder.appending("ca.crt"))
    let built = try await slipway.run("build", "-t", name, "--push", context)
    #expect(built.status == .exited(0), "\(built)")
    var other = try Slipway()
    other.environment = slipway.environment
    try await other.check("pull", name)
  }

  @Test("a password is asked for at the terminal, and not shown")
  func terminal() async throws {
    var options = DockerRegistry.Options()
    options.authentication = .password(RegistryAccessTests.user)
    let registry = try await DockerRegistry.start(options)
    var command = Command(
      "python3",
      [
        "-c",
        """
        import os, pty, sys
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp(sys.argv[1], sys.argv[1:3] + [sys.argv[3]])
        seen = b""
        def until(text):
            global seen
            while text not in seen:
                seen += os.read(terminal, 1024)
        until(b"Username: ")
        os.write(terminal, b"alice\\n")
        until(b"Password: ")
        os.write(terminal, b"open:sesame 1\\n")
        try:
            while True:
                data = os.read(terminal, 1024)
                if not data: break
                seen += data
        except OSError:
            pass
        sys.stdout.buffer.write(seen)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """, Slipway.executable.string, "login", registry.host,
      ])
    command.environment["SLIPWAY_HOME"] = slipway.home.string
    command.environment["HOME"] = slipway.environment["HOME"]
    let result = try await command.run()
    #expect(result.status == .exited(0), "\(result)")
    #expect(result.text.contains("logged in"))
    #expect(!result.text.contains("sesame"))
    // Without a terminal nobody is asked.
    let detached = try await Command(
      "setsid", ["-w", Slipway.executable.string, "login", "-u", "alice", registry.host]
    ).run()
    #expect(detached.status == .exited(1))
    #expect(detached.errorText.contains("--password-stdin"))
  }
}
