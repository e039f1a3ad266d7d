import Glibc
import SystemPackage

/// A user of this machine who is not root and has a range of subordinate ids: `slipway-test`, whom
/// `scripts/test` makes.
package struct PlainUser: Sendable {
  package let id: UInt32

  package static let name = "slipway-test"

  /// The user; nil where there is none, or the tests do not run as root.
  package static let current: PlainUser? = {
    guard geteuid() == 0, let entry = getpwnam(name) else { return nil }
    return PlainUser(id: entry.pointee.pw_uid)
  }()

  /// Slipway as this user, with a state of its own below `folder`, which becomes theirs.
  package func slipway(in folder: TemporaryDirectory) async throws -> PlainUserSlipway {
    let executable = folder("slipway")
    // The build's own folder may be closed to others.
    // Another process copies it: a program that this one has open for writing cannot be executed, and
    // what tests beside this one start has its descriptors for a moment.
    try await Command("install", ["-m", "755", Slipway.executable.string, executable.string])
      .check()
    for path in [folder.path, executable] {
      guard chown(path.string, id, id) == 0 else { throw Errno(rawValue: errno) }
    }
    return PlainUserSlipway(user: self, executable: executable, folder: folder)
  }
}

/// Slipway, run by somebody who is not root.
package struct PlainUserSlipway: Sendable {
  let user: PlainUser
  let executable: FilePath
  let folder: TemporaryDirectory

  /// Runs a command to its end.
  package func run(
    environment: [String: String] = [:], _ arguments: String...
  ) async throws -> Command.Result {
    let drop = ["--reuid=\(user.id)", "--regid=\(user.id)", "--clear-groups"]
    var command = Command("setpriv", drop + [executable.string] + arguments)
    command.directory = folder.path
    command.environment["SLIPWAY_HOME"] = folder("home").string
    command.environment["HOME"] = folder.path.string
    command.environment.merge(environment) { $1 }
    return try await command.run()
  }
}
