internal import OCI
internal import Transport

/// A repository of a registry: what can be asked of it is in `RemoteRepository+….swift`.
package struct RemoteRepository: Sendable {
  let client: RegistryClient
  /// As references name it, such as `docker.io`.
  package let registry: String
  /// Such as `library/alpine`.
  package let name: String

  /// Whether what is asked for is named by its digest.
  let isPinned: Bool

  /// Asks until an endpoint answers with something that `receive` accepts.
  ///
  /// - Parameters:
  ///   - activity: what errors say was being done.
  ///   - access: nil for what concerns no repository.
  ///   - mountSource: a repository that is read from at the same time.
  ///   - endpoint: the only one to ask; nil is all that the settings name.
  ///   - isRepeated: false asks once, and hands a `TransientFailure` on to who can tell how to go on.
  ///   - progress: what was achieved so far, for requests that go on where an earlier one stopped.
  ///   - request: made anew for each attempt.
  ///   - receive: returns nil for an answer that is none, whose body it has not touched.
  func perform<Result: Sendable>(
    _ activity: String, access: AccessScope.Actions?, mountSource: String? = nil,
    at endpoint: RegistryEndpoint? = nil, isRepeated: Bool = true,
    progress: @autoclosure () -> Int64 = 0,
    request: @escaping @Sendable (RegistryEndpoint) throws -> HTTPRequest,
    receive: @escaping @Sendable (HTTPResponse) async throws -> Result?
  ) async throws -> Result {
    let endpoints =
      try endpoint.map { [$0] } ?? client.endpoints(for: self, pulling: access == .pull)
    var passedOver: RegistryEndpoint?
    for (index, endpoint) in endpoints.enumerated() {
      let attempt = Attempt(
        repository: self, activity: activity,
        need: need(endpoint, access, mountSource: mountSource), request: request, receive: receive)
      let isLast = index == endpoints.count - 1
      do {
        let policy = isLast ? client.retries : client.retries.brief
        let result =
          isRepeated
          ? try await policy.run(progress: progress()) { try await attempt.run() }
          : try await attempt.run()
        if endpoint.isFallback, let passedOver { client.note(withoutTLS: passedOver) }
        return result
      } catch let error where !isLast {
        guard shouldTryNext(after: error, endpoint) else { throw error }
        passedOver = endpoint
      }
    }
    throw error(activity, .malformed("it has no endpoint"))
  }

  /// A mirror may lack anything; the registry itself is given up only where it cannot be connected, or
  /// does not speak TLS.
  private func shouldTryNext(after error: any Error, _ endpoint: RegistryEndpoint) -> Bool {
    if error is CancellationError { return false }
    if endpoint.isMirror { return true }
    let cause = (error as? TransientFailure)?.cause ?? error
    guard let error = cause as? RegistryError, case .transport(let failure) = error.cause else {
      return false
    }
    return failure.isFailureToConnect
  }

  private func need(
    _ endpoint: RegistryEndpoint, _ access: AccessScope.Actions?, mountSource: String?
  ) -> Authorizer.Need {
    var scopes: [AccessScope] = []
    if let access {
      scopes.append(AccessScope(repository: endpoint.name(of: name), actions: access))
    }
    if let mountSource { scopes.append(AccessScope(repository: mountSource, actions: .pull)) }
    return Authorizer.Need(endpoint: endpoint, registry: registry, scopes: scopes)
  }

  func error(_ activity: String, _ cause: RegistryError.Cause) -> RegistryError {
    RegistryError(registry: registry, repository: name, activity: activity, cause: cause)
  }
}

extension RetryPolicy {
  /// For places that there is another one after.
  fileprivate var brief: RetryPolicy {
    var policy = self
    policy.attempts = min(attempts, 2)
    policy.longestRequestedPause = .seconds(2)
    return policy
  }
}

/// One request to one endpoint, with what it takes to be let in.
private struct Attempt<Result: Sendable>: Sendable {
  let repository: RemoteRepository
  let activity: String
  let need: Authorizer.Need
  let request: @Sendable (RegistryEndpoint) throws -> HTTPRequest
  let receive: @Sendable (HTTPResponse) async throws -> Result?

  private enum Outcome: Sendable {
    case accepted(Result)
    case challenged([String], [RegistryMessage])
  }

  func run() async throws -> Result {
    let authorizer = repository.client.authorizer
    var authorization = try await authorizer.authorization(for: need)
    // A token that has just expired is renewed once; what is refused after that stays so.
    for round in 0... {
      switch try await send(authorization) {
      case .accepted(let result): return result
      case .challenged(let challenges, let messages):
        let next =
          round < 2
          ? try await authorizer.authorization(
            for: need, refused: authorization, challenges: challenges) : nil
        guard let next else {
          throw repository.error(
            activity,
            .unauthorized(hasCredentials: authorization.hasCredentials, messages))
        }
        authorization = next
      }
    }
    throw CancellationError()
  }

  private func send(_ authorization: Authorizer.Authorization) async throws -> Outcome {
    var request = try request(need.endpoint)
    request.fields["User-Agent"] = "slipway"
    request.security = need.endpoint.security(for: request.url)
    // What an upload's location names may be another host, which the credentials are not for.
    if need.endpoint.isOrigin(of: request.url) {
      request.fields["Authorization"] = authorization.field
    }
    let (receive, repository, activity) = (receive, repository, activity)
    do {
      return try await repository.client.transport.exchange(request) { response in
        if let result = try await receive(response) { return Outcome.accepted(result) }
        let messages = RegistryMessage.reading(
          (try? await response.collect(limit: 64 << 10)) ?? [])
        // Only the registry says where its credentials go: not who it redirects to, nor where an upload
        // goes on.
        if response.status == 401, need.endpoint.isOrigin(of: response.url) {
          return .challenged(response.fields.values(of: "WWW-Authenticate"), messages)
        }
        throw TransientFailure.wrapping(
          repository.error(activity, .refused(status: response.status, messages)), response)
      }
    } catch let error as TransportError {
      throw TransientFailure.wrapping(error) { repository.error(activity, $0) }
    }
  }
}

extension RegistryEndpoint {
  /// The URL of something below a repository, such as `manifests/latest`.
  func url(_ repository: String, _ target: String) throws -> HTTPURL {
    try url("/v2/\(name(of: repository))/\(target)", of: repository)
  }

  /// The URL that tells whether there is a registry, and whether it lets one in.
  func url(ofVersionCheck registry: String) throws -> HTTPURL {
    try url("/v2/", of: "")
  }

  private func url(_ path: String, of repository: String) throws -> HTTPURL {
    guard let url = HTTPURL("\(scheme.rawValue)://\(authority)\(basePath)\(path)") else {
      throw RegistryError(
        registry: authority, repository: repository, activity: "asking the registry",
        cause: .malformed("`\(authority)` is no address"))
    }
    return url
  }

  func isOrigin(of url: HTTPURL) -> Bool {
    HTTPURL("\(scheme.rawValue)://\(authority)/")?.origin == url.origin
  }

  /// A client certificate is shown to the registry alone.
  func security(for url: HTTPURL) -> TransportSecurity {
    var security = security
    if !isOrigin(of: url) { security.clientCertificate = nil }
    return security
  }
}
