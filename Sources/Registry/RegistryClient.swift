package import OCI
import Synchronization
package import Transport

/// Speaks with registries (distribution-spec) as the user that the credential stores know.
///
/// One client serves a whole command: it shares connections, tokens and what it has learnt of the
/// registries. Nothing is asked, opened or started before it is needed.
package final class RegistryClient: Sendable {
  let configuration: RegistryConfiguration
  let transport: HTTPTransport
  let authorizer: Authorizer
  let retries: RetryPolicy
  /// Endpoints that turned out not to speak TLS.
  private let withoutTLS = Mutex<Set<RegistryEndpoint>>([])

  package init(
    configuration: RegistryConfiguration, credentials: CredentialSource, transport: HTTPTransport,
    retries: RetryPolicy = RetryPolicy()
  ) {
    self.configuration = configuration
    self.transport = transport
    self.retries = retries
    authorizer = Authorizer(credentials: credentials, transport: transport, retries: retries)
  }

  /// The repository of a reference. Whether that has a digest may decide which mirrors are asked.
  package func repository(_ reference: Reference) -> RemoteRepository {
    RemoteRepository(
      client: self, registry: reference.registry, name: reference.repository,
      isPinned: reference.digest != nil)
  }

  /// Whether the registry lets the credentials in that the stores have for it.
  ///
  /// Throws `RegistryError` where it does not, or is none.
  package func checkAccess(to registry: String) async throws {
    let root = RemoteRepository(client: self, registry: registry, name: "", isPinned: false)
    try await root.perform("logging in", access: nil) { endpoint in
      HTTPRequest(.get, try endpoint.url(ofVersionCheck: registry))
    } receive: { response -> Void? in
      response.status == 200 ? () : nil
    }
  }

  /// Where a repository's requests go, in the order in which they are tried.
  func endpoints(
    for repository: RemoteRepository, pulling: Bool
  ) throws -> [RegistryEndpoint] {
    let all = try configuration.endpoints(
      for: repository.registry, repository: repository.name, pulling: pulling,
      byDigest: repository.isPinned)
    let left = withoutTLS.withLock { known in all.filter { !known.contains($0) } }
    return left.isEmpty ? all : left
  }

  func note(withoutTLS endpoint: RegistryEndpoint) {
    withoutTLS.withLock { _ = $0.insert(endpoint) }
  }
}
