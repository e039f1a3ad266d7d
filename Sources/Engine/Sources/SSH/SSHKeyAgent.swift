import Glibc
internal import OCI
import Subprocess
package import SystemPackage

/// An agent of a build's own, for private keys that were given as files: the `ssh-agent` of this
/// machine.
///
/// A shell stands between. It ends the agent when its input ends, which is when the build is over or
/// slipway is gone, however it went: nobody is left behind who holds a key.
package struct SSHKeyAgent: Sendable {
  /// Why there is no agent.
  package enum Failure: Error, Sendable, CustomStringConvertible {
    case noProgram(String)
    case unusableKey(FilePath, String)
    case notStarted(String)

    package var description: String {
      switch self {
      case .noProgram(let name):
        "there is no `\(name)` program, which SSH keys need; hint: install it, such as with "
          + "`apt-get install openssh-client`, or give the socket of an agent"
      case .unusableKey(let path, let words):
        "`\(path)` is no SSH key that can be used: \(words); hint: give a private key without a "
          + "passphrase, or add it to an agent with `ssh-add` and give that: `--ssh default`"
      case .notStarted(let words): "the agent for SSH keys did not start: \(words)"
      }
    }
  }

  private let add: FilePath
  private let environment: [String: String]
  private let folder: FilePath

  private var socket: FilePath { folder.appending("agent") }

  /// Runs `body` with the socket of an agent that holds `keys`, all of which is gone afterwards.
  /// Throws `Failure`, `SystemCallError`, `CancellationError`, and what `body` throws.
  package static func run<Result: Sendable>(
    keys: [FilePath], environment: [String: String], _ body: (FilePath) async throws -> Result
  ) async throws -> Result {
    let agent = try SSHKeyAgent(environment)
    defer { agent.removeFolder() }
    return try await agent.run(keys, body)
  }

  private init(_ environment: [String: String]) throws {
    let search = ProgramSearch(environment: environment)
    guard search("ssh-agent") != nil else { throw Failure.noProgram("ssh-agent") }
    guard let add = search("ssh-add") else { throw Failure.noProgram("ssh-add") }
    self.add = add
    self.environment = ["PATH": search.path, "HOME": "/dev/null", "LC_ALL": "C"]

    // Nobody else may look into the folder.
    let path = (environment["TMPDIR"] ?? "/tmp") + "/slipway-ssh-XXXXXX"
    var template = Array(path.utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemCallError("mkdtemp", path) }
    folder = FilePath(platformString: template)
  }

  private func removeFolder() {
    unlink(socket.string)
    rmdir(folder.string)
  }

  private static let script = """
    ssh-agent -D -a "$1/agent" >/dev/null & agent=$!
    cat >/dev/null
    kill "$agent" && wait "$agent"
    rm -rf "$1"
    """

  private func run<Result: Sendable>(
    _ keys: [FilePath], _ body: (FilePath) async throws -> Result
  ) async throws -> Result {
    let result: Result
    do {
      result = try await Subprocess.run(
        .path("/bin/sh"), arguments: ["-c", SSHKeyAgent.script, "sh", folder.string],
        environment: variables(), platformOptions: .inGroupOfItsOwn,
        input: .inputWriter, output: .discarded, error: .discarded
      ) { execution in
        try await waitForSocket()
        for key in keys { try await hold(key) }
        let result = try await body(socket)
        try await execution.standardInputWriter.finish()
        return result
      }.closureResult
    } catch let error as SubprocessError {
      try Task.checkCancellation()
      throw Failure.notStarted(error.description)
    }
    return result
  }

  private func waitForSocket() async throws {
    for _ in 0..<6000 {
      if access(socket.string, F_OK) == 0 { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw Failure.notStarted("`ssh-agent` makes no socket in `\(folder)`")
  }

  /// Hands a key over by a pipe: where it is given a path, `ssh-add` refuses a file that others may
  /// read, as those of CI systems often are.
  private func hold(_ key: FilePath) async throws {
    let bytes = try SmallFile.read(key, limit: 1 << 20)
    // A question for a passphrase fails.
    let result = try await Subprocess.run(
      .path(add), arguments: ["-q", "-"],
      environment: variables([
        "SSH_AUTH_SOCK": socket.string, "SSH_ASKPASS": "/bin/false",
        "SSH_ASKPASS_REQUIRE": "force",
      ]),
      platformOptions: .inGroupOfItsOwn, input: .array(bytes), output: .discarded,
      error: .string(limit: 1 << 16))
    guard result.terminationStatus == .exited(0) else {
      let lines = result.standardError.split(whereSeparator: \.isNewline)
      let words = lines.last.map(String.init) ?? "`ssh-add` refuses it"
      throw Failure.unusableKey(key, words.replacing("Error loading key \"(stdin)\": ", with: ""))
    }
  }

  private func variables(_ further: [String: String] = [:]) -> Environment {
    let all = environment.merging(further) { $1 }
    return .custom(
      Dictionary(uniqueKeysWithValues: all.map { (Environment.Key(stringLiteral: $0), $1) }))
  }
}
