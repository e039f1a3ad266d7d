import Glibc
import Slipway
import SystemPackage

/// The value of `--ssh`: `ID`, which stands for the agent of `SSH_AUTH_SOCK`, `ID=SOCKET`, or
/// `ID=KEY[,KEY…]` with the files of private keys.
struct SSHArgument {
  enum Source {
    case agent(FilePath)
    case keys([FilePath])
  }

  let id: String
  let source: Source

  init(_ text: String, _ environment: [String: String]) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      .map(String.init)
    id = parts[0].isEmpty ? "default" : parts[0]
    guard parts.count == 2, !parts[1].isEmpty else {
      guard let socket = environment["SSH_AUTH_SOCK"], !socket.isEmpty else {
        throw ArgumentProblem.noAgent(id)
      }
      source = .agent(FilePath(socket))
      return
    }
    let paths = parts[1].split(separator: ",").map { FilePath(String($0)).absolute }
    let sockets = try paths.filter(SSHArgument.isSocket)
    switch (paths.count, sockets.first) {
    case (1, let socket?): source = .agent(socket)
    case (_, let socket?): throw ArgumentProblem.socketAmongKeys(socket.string)
    case (_, nil): source = .keys(paths)
    }
  }

  private static func isSocket(_ path: FilePath) throws -> Bool {
    var status = stat()
    guard stat(path.string, &status) == 0 else { throw ArgumentProblem.noSSHSource(path.string) }
    return status.st_mode & S_IFMT == S_IFSOCK
  }
}

extension BuildRequest {
  /// The last one for an id counts.
  mutating func take(_ argument: SSHArgument) {
    sshSockets[argument.id] = nil
    sshKeys[argument.id] = nil
    switch argument.source {
    case .agent(let socket): sshSockets[argument.id] = socket
    case .keys(let keys): sshKeys[argument.id] = keys
    }
  }
}
