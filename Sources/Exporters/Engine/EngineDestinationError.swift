internal import OCI

/// Why images do not get into a container engine.
package enum EngineDestinationError: Error, Sendable {
  /// What a variable names is no address of an engine.
  case malformedAddress(String, variable: String)
  /// No engine answers where they were looked for.
  case noEngine([Attempt])
  /// The engine answered with words of its own.
  case refused(engine: String, String)
  /// The connection ended, or nothing came any more, before the engine was done.
  case interrupted(engine: String, String)
  /// The engine's answer is none that the API knows.
  case malformedAnswer(engine: String, String)

  /// A place where an engine was looked for, and what was there.
  package struct Attempt: Sendable, Hashable {
    package let endpoint: EngineEndpoint
    package let finding: Finding

    package init(endpoint: EngineEndpoint, finding: Finding) {
      self.endpoint = endpoint
      self.finding = finding
    }
  }

  package enum Finding: Sendable, Hashable {
    case nothing
    case notASocket
    case forbidden
    case silent(String)
  }
}

extension EngineDestinationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformedAddress(let text, let variable):
      "`\(variable)` is `\(printable(text))`, which is no address of an engine that can be reached "
        + "from here; hint: `unix:///path/of/socket` or `tcp://host:port`; for `ssh://`, forward the "
        + "socket with `ssh -L`"
    case .noEngine(let attempts):
      "no container engine answers: "
        + attempts.map(\.description).joined(separator: ", ")
        + "; hint: \(Self.advice(attempts))"
    case .refused(let engine, let words): "\(engine) does not load the image: \(words)"
    case .interrupted(let engine, let reason):
      "\(engine) did not finish loading the image: \(reason); hint: its log may say why"
    case .malformedAnswer(let engine, let problem):
      "the answer of \(engine) makes no sense: \(problem)"
    }
  }

  private static func advice(_ attempts: [Attempt]) -> String {
    if let attempt = attempts.first(where: { $0.finding == .forbidden }) {
      return "`\(attempt.endpoint.place)` is for root and the members of its group; become one "
        + "(for Docker: `usermod -aG docker USER`, and log in again)"
    }
    if let endpoint = attempts.first?.endpoint, case .network = endpoint.address {
      return "check `\(endpoint.variable ?? "DOCKER_HOST")`, and where the engine wants TLS, "
        + "`DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`"
    }
    let start =
      "start one (`systemctl start docker`, or `systemctl --user start podman.socket`)"
    if let variable = attempts.first?.endpoint.variable {
      return start + ", or change `\(variable)`"
    }
    return start + ", or name its socket in `DOCKER_HOST`"
  }
}

extension EngineDestinationError.Attempt: CustomStringConvertible {
  package var description: String {
    let place =
      "`\(printable(endpoint.place))`"
      + (endpoint.variable.map { " (`\($0)`)" } ?? "")
    return switch finding {
    case .nothing: "\(place) does not exist"
    case .notASocket: "\(place) is not a socket"
    case .forbidden: "\(place) denies permission"
    case .silent(let reason): "\(place) does not answer: \(reason)"
    }
  }
}
