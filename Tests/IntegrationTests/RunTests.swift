import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "slipway run",
  .enabled(if: Requirement.builds && Requirement.tools("gcc"), "needs root, busybox and gcc"))
struct RunTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory

  init() async throws {
    slipway = try await RunTests.prepared.get()
    directory = try TemporaryDirectory()
  }

  private actor Prepared {
    private var slipway: Task<Slipway, any Error>?

    func get() async throws -> Slipway {
      let task =
        slipway
        ?? Task {
          let slipway = try await Slipway().withBusybox()
          let context = try TemporaryDirectory()
          let source = try context.write(Programs.c, to: "main.c")
          try await Command(
            "gcc", ["-static", "-O1", "-o", context("probe").string, source.string]
          )
          .check()
          try context.write(
            """
            FROM scratch
            COPY probe /probe
            COPY <<EOF /etc/passwd
            nobody:x:65534:65534:nobody:/nonexistent:/bin/false
            EOF
            COPY <<EOF /text
            no program
            EOF
            COPY --chmod=755 <<EOF /script
            #!/no/such/interpreter
            EOF
            ENV GREETING=hello
            WORKDIR /work
            USER 65534:65534
            ENTRYPOINT ["/probe"]
            CMD ["from", "the image"]
            """, to: "Dockerfile")
          try await slipway.build(context.path, "-t", "probe")
          return slipway
        }
      slipway = task
      return try await task.value
    }
  }

  private static let prepared = Prepared()

  @Test("runs the entrypoint with the command, as the image's user")
  func defaults() async throws {
    let result = try await slipway.check("run", "probe")
    #expect(result.text == "[from][the image]\n65534:65534 hello /nonexistent /work")
    #expect(result.errorText == "")
  }

  @Test("arguments take the place of the command")
  func arguments() async throws {
    #expect(
      try await slipway.check("run", "--rm", "probe", "a", "--flag", "b c").lines.first
        == "[a][--flag][b c]")
  }

  @Test("`-e` sets a variable, or passes on the caller's")
  func environment() async throws {
    let own = try await slipway.check("run", "-e", "GREETING=mine", "probe", "x")
    #expect(own.lines.last?.contains("mine") == true)
    var caller = slipway
    caller.environment["GREETING"] = "callers"
    #expect(
      try await caller.check("run", "-e", "GREETING", "probe", "x").lines.last?.contains("callers")
        == true)
    #expect(
      try await caller.check("run", "probe", "x").lines.last?.contains("hello") == true)
  }

  @Test("`--user`, `--workdir` and `--entrypoint` override the image")
  func overrides() async throws {
    let result = try await slipway.check("run", "-u", "12:34", "-w", "/etc", "probe", "x")
    #expect(result.lines.last == "12:34 hello / /etc")
    let other = try await slipway.check("run", "--entrypoint", "/bin/echo", "busybox:test", "said")
    #expect(other.text == "said")
  }

  @Test("has no capabilities, no new privileges and a seccomp filter")
  func locked() async throws {
    for user in ["65534:65534", "0:0"] {
      let status = try await slipway.check("run", "-u", user, "probe", "status").lines
      #expect(status.contains("CapEff:\t0000000000000000"))
      #expect(status.contains("CapPrm:\t0000000000000000"))
      #expect(status.contains("CapBnd:\t0000000000000000"))
      #expect(status.contains("NoNewPrivs:\t1"))
      #expect(status.contains("Seccomp:\t2"))
    }
  }

  @Test("the root is read-only and `/tmp` can be written")
  func readOnly() async throws {
    let root = try await slipway.run("run", "-u", "0", "probe", "write", "/file")
    #expect(root.status == .exited(1))
    #expect(root.text == "Read-only file system")
    try await slipway.check("run", "probe", "write", "/tmp/file")
  }

  @Test("a volume is the host's directory; `:ro` keeps it from being written")
  func volumes() async throws {
    chmod(directory.path.string, 0o777)
    try await slipway.check("run", "-v", "\(directory.path):/data", "probe", "write", "/data/new")
    #expect(try Files.text(directory("new")) == "written")
    let readOnly = try await slipway.run(
      "run", "-v", "\(directory.path):/data:ro", "probe", "write", "/data/other")
    #expect(readOnly.status == .exited(1))
    #expect(!Files.exists(directory("other")))
    let read = try await slipway.check(
      "run", "-v", "\(directory.path):/data:ro", "probe", "read", "/data/new")
    #expect(read.text == "written")
  }

  @Test("the image's volumes can be written, begin as the image has them, and are thrown away")
  func imageVolumes() async throws {
    try directory.write(
      """
      FROM busybox:test
      RUN mkdir -p /data/sub && echo kept > /data/file && chown -R 7:8 /data && ln -s /data /link
      VOLUME ["/data", "/missing", "/link/sub", "relative"]
      USER 7:8
      """, to: "Dockerfile")
    try await slipway.build(directory.path, "-t", "volumes")
    let script = """
      cat /data/file; stat -c %u:%g /data; echo new > /data/new; echo new > /data/sub/new
      rm /data/file; ls /data /data/sub /missing /relative
      """
    for _ in 1...2 {
      let run = try await slipway.run("run", "volumes", "sh", "-c", script)
      #expect(
        run.text == "kept\n7:8\n/data:\nnew\nsub\n\n/data/sub:\nnew\n\n/missing:\n\n/relative:",
        "\(run)")
    }
    try await slipway.check("run", "-u", "0", "volumes", "touch", "/missing/file", "/relative/file")
    let root = try await slipway.run("run", "-u", "0", "volumes", "touch", "/file")
    #expect(root.errorText.contains("Read-only file system"))

    try directory.write("mine\n", to: "own/file")
    try directory.directory("own/sub")
    let own = try await slipway.check(
      "run", "-v", "\(directory("own")):/data:ro", "volumes", "cat", "/data/file")
    #expect(own.text == "mine")
    #expect(Files.names(in: slipway.home.appending("snapshots/tmp")).isEmpty)
  }

  @Test("the exit code is the program's", arguments: [0, 1, 7, 125, 255])
  func exitCode(_ code: Int32) async throws {
    #expect(try await slipway.run("run", "probe", "exit", "\(code)").status == .exited(code))
  }

  @Test("a program that a signal ends gives 128 and the signal")
  func crash() async throws {
    #expect(try await slipway.run("run", "probe", "crash").status == .exited(128 + SIGSEGV))
  }

  @Test("125 is slipway's own failure, 126 no executable, 127 nothing found")
  func failures() async throws {
    let missing = try await slipway.run("run", "no-such-image")
    #expect(missing.status == .exited(125))
    #expect(missing.errorText.contains("no-such-image"))
    let found = try await slipway.run("run", "--entrypoint", "/missing", "probe")
    #expect(found.status == .exited(127), "\(found)")
    #expect(found.errorText.contains("/missing"))
    let text = try await slipway.run("run", "--entrypoint", "/text", "probe")
    #expect(text.status == .exited(126), "\(text)")
    let script = try await slipway.run("run", "--entrypoint", "/script", "probe")
    #expect(script.status == .exited(126), "\(script)")
    #expect(script.errorText.contains("/no/such/interpreter"), "\(script)")
  }

  @Test("signals reach the program", arguments: [SIGTERM, SIGINT])
  func signals(_ signal: Int32) async throws {
    let running = try slipway.command(["run", "probe", "wait"]).start()
    try await running.waits(for: "ready")
    running.send(signal: signal)
    let result = try await running.result()
    #expect(result.text == "ready\nsignal \(signal)")
    #expect(result.status == .exited(40 + signal))
  }

  @Test("when slipway is killed the program ends too")
  func killed() async throws {
    let running = try slipway.command(["run", "--name", "doomed", "probe", "wait"]).start()
    try await running.waits(for: "ready")
    running.send(signal: SIGKILL)
    // The program held the pipe: that the output ends means that it is gone.
    #expect(try await running.result().status == .signalled(SIGKILL))
    try await slipway.check("run", "--name", "doomed", "probe", "exit", "0")
  }

  @Test("a name is one container's at a time")
  func names() async throws {
    let running = try slipway.command(["run", "--name", "web", "probe", "wait"]).start()
    try await running.waits(for: "ready")
    let second = try await slipway.run("run", "--name", "web", "probe", "exit", "0")
    #expect(second.status == .exited(125))
    #expect(second.errorText.contains("`web`"))
    running.send(signal: SIGTERM)
    _ = try await running.result()
    try await slipway.check("run", "--name", "web", "probe", "exit", "0")
    let bad = try await slipway.run("run", "--name", "../up", "probe")
    #expect(bad.status == .exited(125))
  }

  @Test("standard input is the program's")
  func input() async throws {
    var command = slipway.command(["run", "probe", "cat"])
    command.input = Array("line one\n".utf8) + [0, 1, 255] + [UInt8](repeating: 97, count: 300_000)
    #expect(try await command.check().output == command.input)
  }

  @Test("what is not in the image is not to be seen")
  func isolation() async throws {
    let secret = try directory.write("host secret", to: "secret")
    let result = try await slipway.run("run", "-u", "0", "probe", "read", secret.string)
    #expect(result.status == .exited(1))
    #expect(result.text == "No such file or directory")
  }
}
