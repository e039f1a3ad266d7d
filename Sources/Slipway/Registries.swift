internal import OCI
internal import Registry
import Synchronization
internal import SystemPackage
internal import Transport

/// A home's connection to registries. Nothing is read or opened before it is needed.
final class Registries: Sendable {
  let origins: BlobOrigins
  let fetcher: BlobFetcher
  let credentials: CredentialStore
  private let store: ContentStore
  private let opened: LazyClient
  private let openedForCaches: LazyClient

  /// - Parameter environment: where credentials, settings and proxies are.
  init(store: ContentStore, environment: [String: String]) throws {
    self.store = store
    credentials = CredentialStore(environment: environment)
    let opened = LazyClient(environment: environment, credentials: credentials)
    self.opened = opened
    openedForCaches = LazyClient(
      environment: environment, credentials: credentials,
      retries: RetryPolicy(
        attempts: 2, firstPause: .milliseconds(200), longestRequestedPause: .seconds(1)))
    origins = try BlobOrigins(folder: store.root.appending("origins"))
    fetcher = BlobFetcher(store: store, origins: origins) { try opened.client() }
  }

  /// Throws what is wrong with the settings.
  func client() throws -> RegistryClient { try opened.client() }

  /// For what is better done without than waited for.
  func clientForCaches() throws -> RegistryClient { try openedForCaches.client() }

  /// Throws `RegistryError` where the registry does not let a credential in.
  func checkAccess(to registry: String, as credential: Credential) async throws {
    try await opened.client(as: credential).checkAccess(to: registry)
  }

  func puller() throws -> ImagePuller {
    ImagePuller(store: store, origins: origins, client: try client())
  }

  func pusher(to target: Reference, observer: @escaping TransferObserver) throws -> ImagePusher {
    ImagePusher(
      to: target, store: store, origins: origins, client: try client(), observer: observer)
  }

  /// Fetches whatever the store lacks of an image or an index.
  ///
  /// Of an index, only the manifests that are here count: it may have been pulled for one platform.
  func complete(_ root: Descriptor) async throws {
    var missing: [Descriptor] = []
    for image in try images(of: root) {
      missing += try image.parts().filter { !store.contains($0) }
    }
    if !missing.isEmpty { try await fetcher.fetch(missing) }
  }

  private func images(of root: Descriptor) throws -> [Image] {
    guard root.mediaType.isIndex else { return [Image(root, in: store)] }
    return try store.index(root).manifests.filter { store.contains($0) }.flatMap(images)
  }
}

/// A client that is made when it is first asked for.
private final class LazyClient: Sendable {
  private let environment: [String: String]
  private let credentials: CredentialStore
  private let retries: RetryPolicy
  private let made = Mutex<RegistryClient?>(nil)

  init(
    environment: [String: String], credentials: CredentialStore,
    retries: RetryPolicy = RetryPolicy()
  ) {
    self.retries = retries
    self.environment = environment
    self.credentials = credentials
  }

  func client() throws -> RegistryClient {
    try made.withLock { made in
      if let made { return made }
      let client = try makeClient(.stored(credentials))
      made = client
      return client
    }
  }

  /// A client that shows one credential to everybody it talks to.
  func client(as credential: Credential) throws -> RegistryClient {
    try makeClient(.given(credential))
  }

  private func makeClient(_ credentials: CredentialSource) throws -> RegistryClient {
    RegistryClient(
      configuration: try RegistryConfiguration(environment: environment),
      credentials: credentials, transport: HTTPTransport(environment: environment),
      retries: retries)
  }
}
