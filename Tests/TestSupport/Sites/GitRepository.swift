package import Glibc
package import SystemPackage

/// A repository of the tests, with fixed authors and times, so that its commits have the same names
/// everywhere.
package struct GitRepository: Sendable {
  package let path: FilePath

  /// Makes an empty one, with the branch `main`.
  package init(at path: FilePath, format: String = "sha1") async throws {
    self.path = path
    try Files.makeDirectories(path)
    try await run("init", "--quiet", "--initial-branch=main", "--object-format=\(format)")
  }

  /// Runs git in it and returns what it wrote.
  @discardableResult
  package func run(_ arguments: String...) async throws -> String {
    try await command(arguments).check().text
  }

  private func command(_ arguments: [String]) -> Command {
    var command = Command("git", ["-c", "protocol.file.allow=always"] + arguments)
    command.directory = path
    command.environment["HOME"] = "/nonexistent"
    command.environment["GIT_CONFIG_NOSYSTEM"] = "1"
    for role in ["AUTHOR", "COMMITTER"] {
      command.environment["GIT_\(role)_NAME"] = "Ada"
      command.environment["GIT_\(role)_EMAIL"] = "ada@example.com"
      command.environment["GIT_\(role)_DATE"] = "2001-02-03T04:05:06Z"
    }
    return command
  }

  package func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
    try Files.write(Array(text.utf8), to: path.appending(name), mode: mode)
  }

  /// Commits everything there is and returns the commit.
  @discardableResult
  package func commit(_ message: String = "change") async throws -> String {
    try await run("add", "--all")
    try await run("commit", "--quiet", "--message", message)
    return try await name(of: "HEAD")
  }

  /// The whole name of an object.
  package func name(of revision: String) async throws -> String {
    try await run("rev-parse", revision)
  }
}
