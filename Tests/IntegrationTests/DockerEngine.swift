import Glibc
import SystemPackage
import TestSupport

/// A Docker engine of the tests' own: without a network, its state in a temporary directory.
struct DockerEngine: Sendable {
  private let socket: FilePath

  /// The engine, started once; it ends with the tests.
  static let shared = Starter()

  actor Starter {
    private var engine: Task<DockerEngine, any Error>?
    private var directory: TemporaryDirectory?

    func get() async throws -> DockerEngine {
      if let engine { return try await engine.value }
      let directory = try TemporaryDirectory()
      self.directory = directory
      let task = Task { try await DockerEngine(in: directory) }
      engine = task
      return try await task.value
    }
  }

  private init(in directory: TemporaryDirectory) async throws {
    socket = directory("socket")
    // The shell ends the engine when this process is gone, however that happens: then its standard
    // input is closed.
    let script = """
      dockerd --iptables=false --bridge=none --data-root "$1/data" --exec-root "$1/exec" \
        --pidfile "$1/pid" -H "unix://$1/socket" > "$1/log" 2>&1 < /dev/null &
      engine=$!
      tail --pid="$2" -f /dev/null
      kill "$engine"; wait "$engine"
      rm -rf "$1"
      """
    var command = Command(
      "sh", ["-c", script, "sh", directory.path.string, String(getpid())])
    command.timeout = 3600
    _ = try command.start()
    for _ in 0..<1200 {
      if try await self.command(["info"]).run().succeeded { return }
      try await Task.sleep(nanoseconds: 50_000_000)
    }
    try await check("info")
  }

  /// What `DOCKER_HOST` is for whoever wants this engine.
  var address: String { "unix://\(socket)" }

  func command(_ arguments: [String]) -> Command {
    // Debian's client, which knows this engine's build.
    let client = Files.exists("/usr/bin/docker") ? "/usr/bin/docker" : "docker"
    var command = Command(client, ["-H", address] + arguments)
    command.environment["DOCKER_BUILDKIT"] = "1"
    return command
  }

  @discardableResult
  func check(_ arguments: String...) async throws -> Command.Result {
    try await command(arguments).check()
  }
}
