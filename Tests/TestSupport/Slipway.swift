import Glibc
package import SystemPackage

/// The executable under test, with a state of its own.
package struct Slipway: Sendable {
  package let home: FilePath
  /// Variables besides the plain ones.
  package var environment: [String: String] = [:]
  private let folder: TemporaryDirectory

  /// Makes an empty home, or takes one that is there.
  package init(home: FilePath? = nil) throws {
    folder = try TemporaryDirectory()
    self.home = home ?? folder("home")
  }

  /// The program, which is built beside the tests; `SLIPWAY_EXECUTABLE` names another one.
  package static var executable: FilePath {
    if let path = getenv("SLIPWAY_EXECUTABLE") { return FilePath(platformString: path) }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let bytes = buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    let own = FilePath(String(decoding: bytes, as: UTF8.self))
    // The tests may be a bundle that a runner of the toolchain has loaded.
    let arguments = CommandLine.arguments.map { FilePath($0) }
    for path in [own] + arguments {
      let candidate = path.removingLastComponent().appending("slipway")
      if access(candidate.string, X_OK) == 0 { return candidate }
    }
    return own.removingLastComponent().appending("slipway")
  }

  /// A command of Slipway's.
  package func command(_ arguments: [String], in directory: FilePath? = nil) -> Command {
    var command = Command(Slipway.executable.string, arguments)
    command.directory = directory ?? folder.path
    command.environment["SLIPWAY_HOME"] = home.string
    for (name, value) in environment { command.environment[name] = value }
    return command
  }

  /// Runs a command to its end, whatever that is.
  package func run(_ arguments: String..., in directory: FilePath? = nil) async throws
    -> Command.Result
  {
    try await command(arguments, in: directory).run()
  }

  /// Runs a command that must succeed.
  @discardableResult
  package func check(_ arguments: String..., in directory: FilePath? = nil) async throws
    -> Command.Result
  {
    try await command(arguments, in: directory).check()
  }

  /// Loads the busybox image, as `busybox:test`.
  @discardableResult
  package func withBusybox() async throws -> Slipway {
    try await check("load", "-i", BusyboxImage.archive().string)
    return self
  }

  /// Builds a directory and returns the image's digest and what was said.
  @discardableResult
  package func build(_ context: FilePath, _ arguments: String...) async throws -> Build {
    try await build(context, arguments: arguments)
  }

  @discardableResult
  package func build(_ context: FilePath, arguments: [String]) async throws -> Build {
    Build(
      try await command(["build", "--progress", "plain"] + arguments + [context.string]).check())
  }

  /// A build that succeeded.
  package struct Build: Sendable {
    package let digest: String
    package let log: String

    fileprivate init(_ result: Command.Result) {
      log = result.errorText
      digest =
        result.errorText.split(separator: "\n").last { $0.hasPrefix("image sha256:") }
        .map { String($0.dropFirst(6)) } ?? ""
    }

    /// The steps that ran, by the text of their instruction.
    package var ran: [String] { steps.filter { !$0.cached }.map(\.name) }
    /// The steps that came from the cache.
    package var cached: [String] { steps.filter(\.cached).map(\.name) }

    private var steps: [(name: String, cached: Bool)] {
      var names: [Substring: String] = [:]
      var result: [(String, Bool)] = []
      for line in log.split(separator: "\n") where line.hasPrefix("#") {
        guard let space = line.firstIndex(of: " ") else { continue }
        let number = line[..<space]
        let rest = line[line.index(after: space)...]
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
          names[number] = String(rest[end...].dropFirst(2))
        } else if rest.hasPrefix("CACHED") || rest.hasPrefix("DONE"), let name = names[number] {
          result.append((name, rest.hasPrefix("CACHED")))
        }
      }
      return result
    }
  }

  /// The files of an image, as `Scripts/image-files` lists them.
  package func files(of name: String, withoutBusybox: Bool = true, times: Bool = false) async throws
    -> [String]
  {
    var arguments = [home.string, name]
    if times { arguments.append("--times") }
    if withoutBusybox {
      arguments += ["--without", try await BusyboxImage.archive().string]
    }
    return try await Command(Scripts.path("image-files"), arguments).check().lines
  }

  /// The configuration of an image, as JSON.
  package func configuration(of name: String) async throws -> String {
    try await Command(Scripts.path("image-files"), [home.string, name, "--config"]).check().text
  }
}

/// The programs that tests and the comparison with Docker share.
package enum Scripts {
  /// The path of `Tests/IntegrationTests/Scripts/NAME`.
  package static func path(_ name: String, here: String = #filePath) -> String {
    FilePath(here).removingLastComponent().removingLastComponent()
      .appending("IntegrationTests").appending("Scripts").appending(name).string
  }
}
