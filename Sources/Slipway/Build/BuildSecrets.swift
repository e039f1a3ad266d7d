internal import Engine
internal import OCI
internal import Reporting
internal import Transport

extension BuildRequest {
  /// The values of the secrets, by id.
  func secretValues() throws -> [String: [UInt8]] {
    var values: [String: [UInt8]] = [:]
    for (id, source) in secrets {
      switch source {
      case .file(let path): values[id] = try SmallFile.read(path)
      case .environment(let name):
        guard let value = environment[name] else {
          throw RequestError.secretVariableUnset(id: id, name: name)
        }
        values[id] = Array(value.utf8)
      }
    }
    return values
  }

  /// Runs `body` with a request like this one, in which agents stand for the keys.
  func withKeyAgents<Result: Sendable>(
    _ body: (BuildRequest) async throws -> Result
  ) async throws -> Result {
    guard let (id, keys) = sshKeys.min(by: { $0.key < $1.key }) else { return try await body(self) }
    return try await SSHKeyAgent.run(keys: keys, environment: environment) { socket in
      var request = self
      request.sshKeys[id] = nil
      request.sshSockets[id] = socket
      return try await request.withKeyAgents(body)
    }
  }

  /// How sources on other machines are reached.
  func remoteAccess() -> RemoteAccess {
    RemoteAccess(transport: HTTPTransport(environment: environment), environment: environment)
  }

  /// What it takes to fetch a context before there is a plan.
  func inputsForFetching(_ reporter: Reporter) throws -> BuildInputs {
    var inputs = BuildInputs(
      secrets: try secretValues(), sshSockets: sshSockets, latestTime: nil, reporter: reporter)
    inputs.remote = remoteAccess()
    return inputs
  }
}
