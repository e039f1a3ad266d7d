import Glibc
import SystemPackage
import TestSupport

/// Podman's API at a socket of the tests' own, its state in a temporary directory.
struct PodmanService: Sendable {
  private let directory: FilePath

  /// The service, started once; it ends with the tests.
  static let shared = Starter()

  actor Starter {
    private var service: Task<PodmanService, any Error>?
    private var directory: TemporaryDirectory?

    func get() async throws -> PodmanService {
      if let service { return try await service.value }
      let directory = try TemporaryDirectory()
      self.directory = directory
      let task = Task { try await PodmanService(in: directory.path) }
      service = task
      return try await task.value
    }
  }

  private init(in directory: FilePath) async throws {
    self.directory = directory
    // As with the Docker engine, the shell ends the service when this process is gone.
    let script = """
      directory=$1 parent=$2; shift 2
      "$@" > "$directory/log" 2>&1 < /dev/null &
      service=$!
      tail --pid="$parent" -f /dev/null
      kill "$service"; wait "$service"
      rm -rf "$directory"
      """
    let service = command(["system", "service", "--time=0", address])
    var command = Command(
      "sh",
      ["-c", script, "sh", directory.string, String(getpid()), service.program]
        + service.arguments)
    command.timeout = 3600
    _ = try command.start()
    let ping = Command(
      "curl", ["-sf", "--unix-socket", directory.appending("socket").string, "http://podman/_ping"])
    for _ in 0..<1200 {
      if try await ping.run().succeeded { return }
      try await Task.sleep(nanoseconds: 50_000_000)
    }
    try await ping.check()
  }

  /// What `CONTAINER_HOST` is for whoever wants this service.
  var address: String { "unix://\(directory.appending("socket"))" }

  func command(_ arguments: [String]) -> Command {
    let places = [
      "--root", directory.appending("root").string, "--runroot", directory.appending("run").string,
      "--storage-driver", "vfs",
    ]
    return Command("podman", places + arguments)
  }

  @discardableResult
  func check(_ arguments: String...) async throws -> Command.Result {
    try await command(arguments).check()
  }
}
