import Glibc
import Sandbox
import SystemPackage
import Testing

extension BuiltInSandboxTests {
  struct Execution {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func specification(_ arguments: String...) -> SandboxSpecification {
      var specification = SandboxSpecification(root: fixture.overlay, arguments: arguments)
      specification.environment = ["PATH=/bin"]
      return specification
    }

    private func failure(of specification: SandboxSpecification) async throws -> String {
      let error = await #expect(throws: SandboxError.self) { try await run(specification) }
      return try #require(error).description
    }

    @Test("Exit codes and signals are told apart")
    func statuses() async throws {
      #expect(try await run(fixture.shell("exit 42")).result.status == .exited(42))
      #expect(
        try await run(fixture.shell("sh -c 'kill -9 $$'; echo $?")).lines == ["137"])
      // Pid 1 is safe from its own signals, so one comes from outside.
      let process = try BuiltInSandbox().start(specification("sleep", "1000")) { _, _ in }
      process.send(signal: SIGKILL)
      #expect(try await process.result().status == .signalled(SIGKILL))
    }

    @Test("A command without a slash is looked up in PATH, inside the root")
    func lookup() async throws {
      var command = specification("echo", "found")
      command.environment = ["PATH=relative:/nowhere::/bin"]
      #expect(try await run(command).lines == ["found"])
      command.environment = []
      #expect(try await run(command).lines == ["found"])
      command.environment = ["PATH=/nowhere"]
      #expect(
        try await failure(of: command) == """
          `echo` not found in the image
          hint: it is looked up in the `PATH` of the image; give the whole path, or install it first
          """)
    }

    @Test("A missing shell is explained")
    func noShell() async throws {
      var command = specification("/bin/sh", "-c", "true")
      command.root = .overlay(lower: [], upper: fixture.upper, work: fixture.work)
      #expect(
        try await failure(of: command) == """
          `/bin/sh` not found in the image
          hint: a `FROM scratch` stage has no shell: use the exec form, \
          `RUN ["/program", "argument"]`
          """)
    }

    @Test("A program whose loader or interpreter is missing is explained")
    func interpreters() async throws {
      let bin = fixture.layer.appending("bin")
      try fixture.write("#!/usr/bin/python3 -u\n".utf8, to: bin.appending("script"), mode: 0o755)
      #expect(
        try await failure(of: specification("script")) == """
          `script` needs `/usr/bin/python3`, which is not in the image
          hint: install the interpreter, or correct the script's `#!` line (a CR at its end counts \
          too)
          """)
      let dynamic = try Array(FileContents.read("/usr/bin/env"))
      try fixture.write(dynamic, to: bin.appending("dynamic"), mode: 0o755)
      let message = try await failure(of: specification("/bin/dynamic"))
      #expect(message.hasPrefix("`/bin/dynamic` needs `/lib"))
      #expect(message.contains("hint: the program is linked dynamically"))
    }

    @Test("What cannot be executed is explained")
    func notExecutable() async throws {
      let bin = fixture.layer.appending("bin")
      try fixture.write("#!/bin/sh\n".utf8, to: bin.appending("plain"))
      #expect(
        try await failure(of: specification("plain")) == """
          `plain` is not executable for this user
          hint: `chmod +x` it, for instance with `COPY --chmod=755`
          """)
      try fixture.write("echo no interpreter\n".utf8, to: bin.appending("bare"), mode: 0o755)
      #expect(
        try await failure(of: specification("/bin/bare")) == """
          `/bin/bare` is not a program that this machine can run
          hint: it was built for another architecture, or it is a script without a `#!` line
          """)
    }

    @Test("A working directory that is missing is made, but not where nothing can be written")
    func workingDirectory() async throws {
      var command = fixture.shell("pwd; stat -c '%a %u:%g' /made /elsewhere")
      command.workingDirectory = "/made/../elsewhere"
      command.user = SandboxUser(userID: 1000, groupID: 1001)
      #expect(try await run(command).lines == ["/elsewhere", "755 1000:1001", "755 1000:1001"])
      command = specification("pwd")
      command.workingDirectory = "/nowhere"
      command.rootReadOnly = true
      #expect(
        try await failure(of: command) == """
          working directory `/nowhere` does not exist in the image
          hint: create it with `WORKDIR`
          """)
      try fixture.write([], to: fixture.layer.appending("file"))
      command.rootReadOnly = false
      command.workingDirectory = "/file"
      #expect(
        try await failure(of: command)
          == "cannot enter the working directory `/file`: not a directory")
    }

    @Test("Limits hold for the process, and can be raised by root only before it runs")
    func limits() async throws {
      var command = fixture.shell("ulimit -Sn; ulimit -Hn; ulimit -Sc")
      command.resourceLimits = [
        ResourceLimit(.openFiles, soft: 64, hard: 128), ResourceLimit(.core, soft: 0, hard: .max),
      ]
      #expect(try await run(command).lines == ["64", "128", "0"])
      command.resourceLimits = [ResourceLimit(.openFiles, soft: 2, hard: 1)]
      #expect(try await failure(of: command).contains("set the limit `nofile`"))
    }

    @Test("A working directory that is closed to the user can still be the working directory")
    func closedWorkingDirectory() async throws {
      let secret = fixture.layer.appending("secret")
      try fixture.makeDirectory(secret)
      #expect(chmod(secret.string, 0o700) == 0)
      var command = specification("pwd")
      command.workingDirectory = "/secret"
      command.user = SandboxUser(userID: 1000, groupID: 1000)
      command.capabilities = []
      #expect(try await run(command).lines == ["/secret"])
    }

    @Test("A layer that is gone is an error, not a crash")
    func missingLayer() async throws {
      var command = specification("true")
      command.root = .readOnlyOverlay(lower: [fixture.folder.appending("gone")])
      await #expect(throws: SandboxError.rootFailed(.noSuchFileOrDirectory)) {
        try await run(command)
      }
    }

    @Test("Output of any size comes whole and in order, on the stream it was written to")
    func output() async throws {
      let outcome = try await run(
        fixture.shell("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; echo end >&2"))
      #expect(outcome.output == (0..<20000).map { "\($0)\n" }.joined())
      #expect(outcome.errors == "end\n")
    }

    @Test("Descriptors of the caller can be the standard streams")
    func inherited() async throws {
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      let (reader, writer) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
      var command = fixture.shell("cat; echo lost >&2")
      let input = try FileDescriptor.open(
        fixture.layer.appending("bin/busybox"), .readOnly, options: .closeOnExec)
      command.arguments = ["sh", "-c", "dd bs=1 count=4 2>/dev/null; echo lost >&2"]
      command.standardInput = .descriptor(input.rawValue)
      command.standardOutput = .descriptor(writer.rawValue)
      command.standardError = .null
      let outcome = try await run(command)
      try writer.close()
      try input.close()
      #expect(try reader.closeAfter { try FileContents.read($0) } == Array("\u{7f}ELF".utf8))
      #expect(outcome.output == "" && outcome.errors == "")
    }

    @Test("A specification that makes no sense is refused before anything runs")
    func invalid() throws {
      #expect(throws: SandboxError.invalidSpecification("it has no command")) {
        try SetupPlan(specification())
      }
      #expect(throws: SandboxError.invalidSpecification("nothing can be mounted at `/a/..`")) {
        var command = specification("true")
        command.mounts = [.temporary(at: "/a/..")]
        _ = try SetupPlan(command)
      }
      #expect(throws: SandboxError.self) { try SetupPlan(specification("a\0b")) }
      #expect(throws: SandboxError.self) {
        var command = specification("true")
        command.root = .readOnlyOverlay(lower: Array(repeating: "/", count: 501))
        _ = try SetupPlan(command)
      }
    }
  }
}

enum FileContents {
  static func read(_ path: FilePath) throws -> [UInt8] {
    try FileDescriptor.open(path, .readOnly, options: .closeOnExec).closeAfter { try read($0) }
  }
}

extension FileContents {
  static func read(_ descriptor: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }
}

extension FileDescriptor {
  func closeAfter<Value>(_ body: (FileDescriptor) throws -> Value) throws -> Value {
    defer { try? close() }
    return try body(self)
  }
}
