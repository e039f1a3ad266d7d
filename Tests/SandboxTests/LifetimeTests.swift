import CLinux
import FoundationEssentials
import Glibc
import SystemPackage
import Testing

@testable import Sandbox

extension BuiltInSandboxTests {
  struct Lifetime {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    /// A script whose processes have all been detached in every way there is, and that says so.
    private let detaching =
      "(setsid sh -c 'sleep 1000 & sleep 1000' &); (sleep 1000 &); echo ready; sleep 1000"

    /// The script, with every one of its processes holding the writing end of a pipe.
    private func held() throws -> (
      SandboxSpecification, reader: FileDescriptor, writer: FileDescriptor
    ) {
      var ends: [Int32] = [-1, -1]
      try #require(slipway_pipe(&ends) == 0)
      var specification = fixture.shell(detaching)
      specification.standardError = .descriptor(ends[1])
      return (specification, FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    @Test("Cancelling kills everything that ran, however it was detached")
    func cancellation() async throws {
      let (specification, reader, writer) = try held()
      let (ready, signal) = AsyncStream<Void>.makeStream()
      let task = Task {
        try await BuiltInSandbox().run(specification) { _, _ in signal.yield() }
      }
      for await _ in ready { break }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      try writer.close()
      // The end is there at once: nobody is left who could write.
      var polled = pollfd(fd: reader.rawValue, events: Int16(POLLIN), revents: 0)
      #expect(poll(&polled, 1, 0) == 1 && polled.revents == Int16(POLLHUP))
      try reader.close()
    }

    @Test("A task cancelled before it starts runs nothing")
    func cancelledBefore() async throws {
      let specification = fixture.shell("echo > /ran")
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        return try await BuiltInSandbox().run(specification)
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(fixture.written() == [])
    }

    @Test("The end of pid 1 is the end of what it left behind")
    func orphans() async throws {
      let (specification, reader, writer) = try held()
      var quick = specification
      quick.arguments[2] = "(setsid sleep 1000 &); echo done"
      #expect(try await run(quick).lines == ["done"])
      try writer.close()
      #expect(try reader.closeAfter { try FileContents.read($0) } == [])
    }

    @Test("The helper's death is the process's death")
    func helperKilled() async throws {
      let (specification, reader, writer) = try held()
      let (ready, signal) = AsyncStream<Void>.makeStream()
      let process = try #require(
        try BuiltInSandbox().start(specification) { _, _ in signal.yield() } as? HelperProcess)
      for await _ in ready { break }
      #expect(kill(process.pid, SIGKILL) == 0)
      await #expect(throws: SandboxError.helperDied(.signalled(SIGKILL))) {
        try await process.result()
      }
      try writer.close()
      #expect(try reader.closeAfter { try FileContents.read($0) } == [])
    }

    @Test("Slipway's death, however sudden, is the process's death")
    func slipwayKilled() async throws {
      // The helper knows slipway by the other end of its control socket. Here `sleep` holds it.
      let (specification, reader, writer) = try held()
      var control: [Int32] = [-1, -1]
      var status: [Int32] = [-1, -1]
      var output: [Int32] = [-1, -1]
      try #require(
        slipway_socket_pair(&control) == 0 && slipway_pipe(&status) == 0
          && slipway_pipe(&output) == 0)
      let plan = FileDescriptor(rawValue: slipway_memory_file("plan"))
      try plan.writeAll(SetupPlan(specification).encoded)
      var helper: pid_t = 0
      let standard = [output[1], output[1], writer.rawValue]
      try #require(
        slipway_sandbox_spawn(
          "/proc/self/exe", standard, plan.rawValue, status[1], control[0], &helper) == 0)
      let holder = try spawnSleep(holding: control[1])
      for descriptor in control + [status[1], output[1], plan.rawValue, writer.rawValue] {
        close(descriptor)
      }
      var byte: UInt8 = 0
      #expect(read(output[0], &byte, 1) == 1)

      #expect(kill(holder, SIGKILL) == 0)
      var end: Int32 = 0
      #expect(waitpid(holder, &end, 0) == holder)
      #expect(try reader.closeAfter { try FileContents.read($0) } == [])
      #expect(waitpid(helper, &end, 0) == helper && end == 0)
      let reports = HelperReports(
        bytes: try FileDescriptor(rawValue: status[0]).closeAfter { try FileContents.read($0) })
      #expect(reports.waitStatus.map(ExitStatus.init) == .signalled(SIGKILL))
      close(output[0])
    }

    private func spawnSleep(holding descriptor: Int32) throws -> pid_t {
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_adddup2(&actions, descriptor, 0)
      var pid: pid_t = 0
      var arguments = [strdup("sleep"), strdup("1000"), nil]
      defer { for argument in arguments { free(argument) } }
      try #require(posix_spawn(&pid, "/bin/sleep", &actions, nil, &arguments, nil) == 0)
      return pid
    }

    @Test("A signal reaches a handler of pid 1")
    func signals() async throws {
      let captured = Captured()
      let (ready, signal) = AsyncStream<Void>.makeStream()
      let process = try BuiltInSandbox().start(
        fixture.shell(
          "trap 'echo caught; exit 7' TERM; echo ready; while true; do sleep 0.01; done")
      ) { stream, bytes in
        captured.append(stream, bytes)
        signal.yield()
      }
      for await _ in ready { break }
      process.send(signal: SIGTERM)
      #expect(try await process.result().status == .exited(7))
      #expect(captured.text(.standardOutput) == "ready\ncaught\n")
      process.send(signal: SIGTERM)
      process.kill()
      #expect(try await process.result().status == .exited(7))
    }

    @Test("Many runs leave no descriptor, mount or zombie behind")
    func leaks() async throws {
      func footprint() throws -> (descriptors: Int, mounts: Int, zombies: Int) {
        let manager = FileManager.default
        let zombies = try manager.contentsOfDirectory(atPath: "/proc").filter { name in
          guard Int(name) != nil, let stat = contents(FilePath("/proc/\(name)/stat")) else {
            return false
          }
          return stat.contains("(slipway-sandbox) Z \(getpid()) ")
        }
        return (
          try manager.contentsOfDirectory(atPath: "/proc/self/fd").count,
          contents("/proc/self/mountinfo")?.split(separator: "\n").count ?? 0, zombies.count
        )
      }
      var specification = fixture.shell("")
      specification.arguments = ["/bin/true"]
      specification.mounts = [.file([1], at: "/etc/hosts")]
      _ = try await run(specification)
      let before = try footprint()
      for number in 0..<200 {
        specification.arguments = number.isMultiple(of: 2) ? ["/bin/true"] : ["/bin/missing"]
        _ = try? await BuiltInSandbox().run(specification)
      }
      let after = try footprint()
      // Other suites of the same process open files meanwhile, but not hundreds.
      #expect(after.descriptors < before.descriptors + 50)
      #expect(after.mounts < before.mounts + 50)
      #expect(after.zombies < 20)
    }
  }
}
