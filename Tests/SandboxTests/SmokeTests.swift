import Sandbox
import Testing

extension BuiltInSandboxTests {
  struct Smoke {
    @Test("A shell says hello")
    func hello() async throws {
      let fixture = try Fixture()
      let outcome = try await run(
        fixture.shell(
          "echo hello; echo oops >&2; cat /proc/mounts; ls -la / /dev /proc/self/fd; id; exit 3"))
      print(outcome.output, outcome.errors, outcome.result)
      #expect(outcome.result.status == .exited(3))
    }
  }
}
