import ArgumentParser
import Dispatch
import Glibc
import OCI
import Sandbox
import Slipway
import Synchronization
import SystemPackage

/// `slipway run`: runs an image's program, hardened.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run an image's program with a read-only root, no capabilities and a seccomp filter.",
    discussion: """
      It has the network of this machine, so a server is reached at the port that it listens on.

      The exit code is the program's; 125 means that slipway failed, 126 that the program cannot be \
      executed, 127 that it was not found, 128+N that signal N ended it.
      """)

  @Option(name: .shortAndLong, help: "NAME=VALUE; NAME alone takes the variable.")
  var env: [String] = []

  @Option(name: .shortAndLong, help: "/PATH/HERE:/PATH/INSIDE[:ro]")
  var volume: [String] = []

  @Flag(
    name: .customLong("rm"), help: "Keep nothing afterwards, which is always so; for habit's sake.")
  var remove = false

  @Option(help: "Which platform's image of an index to run, such as linux/arm64.")
  var platform: String?

  @Option(help: "A name that no other running container has; also the host name inside.")
  var name: String?

  @Option(name: .shortAndLong, help: "USER[:GROUP] instead of the image's.")
  var user: String?

  @Option(name: .shortAndLong, help: "The working directory inside.")
  var workdir: String?

  @Option(help: "The program to run instead of the image's entrypoint.")
  var entrypoint: String?

  @Argument(help: "An image of the store.")
  var image: String

  @Argument(parsing: .captureForPassthrough, help: "Arguments for the program.")
  var arguments: [String] = []

  func run() async throws {
    do {
      try Privileges.require()
      let status = try await runImage()
      switch status {
      case .exited(let code): throw CommandFailure(code: code)
      case .signalled(let signal): throw CommandFailure(code: 128 + signal)
      }
    } catch {
      throw CommandFailure.saying(error, code: RunCommand.code(of: error))
    }
  }

  private func runImage() async throws -> ExitStatus {
    var request = RunRequest(image: image)
    request.arguments = arguments
    if let platform { request.platform = try Platform.parse(platform) }
    request.entrypoint = entrypoint
    if let nameless = env.first(where: { $0.isEmpty || $0.hasPrefix("=") }) {
      throw ArgumentProblem.assignment(nameless)
    }
    request.environment = env
    request.volumes = try volume.map(RunRequest.Volume.parse)
    request.name = name
    request.user = user
    request.workingDirectory = workdir
    request.callerEnvironment = ProcessEnvironment.current
    let holder = ProcessHolder()
    let sources = Interruption.watch([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]) {
      signal, _ in holder.send(signal)
    }
    defer { for source in sources { source.cancel() } }
    return try await Home.ofCaller().run(request) { holder.set($0) }
  }

  /// The codes that shells and Docker use.
  private static func code(of error: any Error) -> Int32 {
    if case .foreignProgram? = error as? ImageError { return 126 }
    return switch error as? SandboxError {
    case .commandNotFound: 127
    case .notExecutable, .wrongFormat, .interpreterNotFound: 126
    default: 125
    }
  }
}

/// The process that signals are passed on to, once there is one.
private final class ProcessHolder: Sendable {
  private struct State {
    var process: (any RunningProcess)?
    /// Signals that came before the process did.
    var early: [Int32] = []
  }

  private let state = Mutex(State())

  func set(_ process: any RunningProcess) {
    let early = state.withLock { state in
      state.process = process
      return state.early
    }
    for signal in early { process.send(signal: signal) }
  }

  func send(_ signal: Int32) {
    let process = state.withLock { state in
      if state.process == nil { state.early.append(signal) }
      return state.process
    }
    process?.send(signal: signal)
  }
}

extension RunRequest.Volume {
  /// Reads `source:target[:ro|rw]`.
  static func parse(_ text: String) throws -> RunRequest.Volume {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 || parts.count == 3, !parts[0].isEmpty, parts[1].hasPrefix("/"),
      parts.count == 2 || ["ro", "rw"].contains(parts[2])
    else { throw ArgumentProblem.volume(text) }
    return RunRequest.Volume(
      source: FilePath(parts[0]).absolute, target: FilePath(parts[1]),
      readOnly: parts.count == 3 && parts[2] == "ro")
  }
}
