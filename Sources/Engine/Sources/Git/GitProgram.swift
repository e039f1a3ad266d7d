internal import BuildGraph
import Glibc
import Subprocess
internal import SystemPackage

/// The `git` of this machine, shut off from its settings: what it does depends on its arguments alone.
///
/// No configuration of the system or the user is read, since it could name programs to run; no hook
/// and no prompt comes up; nothing but https, http, git and ssh is spoken. Credentials go in by the
/// environment, which only this user can read, never as arguments.
struct GitProgram: Sendable {
  private let executable: FilePath
  private let environment: [String: String]

  /// What a run gave.
  struct Failure: Error, Sendable {
    /// What it said on standard error, without blank lines.
    let output: String
  }

  /// What git is let in with.
  struct Access: Sendable {
    /// Header fields for URLs that begin so.
    var authorizations: [(scope: String, field: String)] = []
    /// The socket of an SSH agent.
    var agent: FilePath?
    /// Where the keys of SSH servers are remembered that nobody has confirmed.
    var knownHosts: FilePath
  }

  /// Finds the program. Throws `RemoteSourceError.noGit`.
  init(_ access: Access, environment: [String: String]) throws {
    guard let found = ProgramSearch(environment: environment)("git") else {
      throw RemoteSourceError.noGit
    }
    executable = found
    self.environment = GitProgram.environment(access, environment)
  }

  /// Runs git to its end and returns what it wrote. Throws `Failure` and `CancellationError`; a
  /// cancelled run is killed with all that it started.
  @discardableResult
  func run(_ arguments: [String], in directory: FilePath = "/") async throws -> [UInt8] {
    let variables = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
    do {
      let result = try await Subprocess.run(
        .path(executable), arguments: Arguments(arguments),
        environment: .custom(Dictionary(uniqueKeysWithValues: variables)),
        workingDirectory: directory, platformOptions: .inGroupOfItsOwn, input: .none,
        output: .bytes(limit: 64 << 20), error: .bytes(limit: 1 << 20))
      try Task.checkCancellation()
      guard result.terminationStatus == .exited(0) else {
        throw Failure(output: GitProgram.words(result.standardError))
      }
      return result.standardOutput
    } catch let error as SubprocessError {
      try Task.checkCancellation()
      throw Failure(output: error.description)
    }
  }

  /// The last lines that say something.
  private static func words(_ bytes: [UInt8]) -> String {
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.hasPrefix("fatal: ") ? String($0.dropFirst(7)) : String($0) }
      .filter { $0.contains { !$0.isWhitespace } && !$0.hasPrefix("hint: ") }
    return lines.isEmpty ? "it says nothing" : lines.suffix(5).joined(separator: "; ")
  }

  // MARK: - The environment

  private static let proxies = [
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "all_proxy",
  ]

  static func environment(
    _ access: Access, _ environment: [String: String]
  ) -> [String: String] {
    var result = [
      "PATH": ProgramSearch(environment: environment).path,
      "HOME": "/dev/null", "LC_ALL": "C",
      "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
      "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:git:ssh",
      "GIT_CEILING_DIRECTORIES": "/", "GIT_OPTIONAL_LOCKS": "0",
      "GIT_SSH_COMMAND": sshCommand(access, home: environment["HOME"]),
    ]
    for name in proxies { result[name] = environment[name] }
    result["GIT_SSL_CAINFO"] = environment["SSL_CERT_FILE"]
    result["GIT_SSL_CAPATH"] = environment["SSL_CERT_DIR"]
    if let agent = access.agent { result["SSH_AUTH_SOCK"] = agent.string }
    let settings = settings(access)
    result["GIT_CONFIG_COUNT"] = "\(settings.count)"
    for (number, setting) in settings.enumerated() {
      result["GIT_CONFIG_KEY_\(number)"] = setting.name
      result["GIT_CONFIG_VALUE_\(number)"] = setting.value
    }
    return result
  }

  private static func settings(_ access: Access) -> [(name: String, value: String)] {
    var settings = [
      ("advice.detachedHead", "false"), ("core.autocrlf", "false"), ("core.fsmonitor", "false"),
      ("core.hooksPath", "/dev/null"), ("core.logAllRefUpdates", "false"),
      ("credential.helper", ""), ("gc.auto", "0"), ("init.defaultBranch", "master"),
      ("maintenance.auto", "false"), ("safe.directory", "*"),
      // A server that sends next to nothing for a minute is given up.
      ("http.lowSpeedLimit", "64"), ("http.lowSpeedTime", "60"),
    ]
    guard !access.authorizations.isEmpty else { return settings }
    for (scope, field) in access.authorizations {
      settings.append(("http.\(scope).extraHeader", "Authorization: \(field)"))
    }
    // The field would go along to wherever a redirect leads.
    settings.append(("http.followRedirects", "false"))
    return settings
  }

  /// A server's key is remembered when it is first seen, and must stay the same from then on. Only the
  /// agent lets anybody in: ssh looks for private keys in the user's own folder, whatever `HOME` says,
  /// and a stranger's repository may name what it likes as a submodule.
  private static func sshCommand(_ access: Access, home: String?) -> String {
    var files = [quotedForSSH(access.knownHosts.string)]
    if let home { files.append(quotedForSSH(home + "/.ssh/known_hosts")) }
    let options = [
      "BatchMode=yes", "IdentityFile=none", "StrictHostKeyChecking=accept-new", "ConnectTimeout=15",
      "ServerAliveInterval=15", "ServerAliveCountMax=4",
      "UserKnownHostsFile=" + files.joined(separator: " "),
    ]
    return "ssh -F /dev/null" + options.map { " -o " + quotedForShell($0) }.joined()
  }

  private static func quotedForSSH(_ path: String) -> String { "\"\(path)\"" }

  private static func quotedForShell(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
