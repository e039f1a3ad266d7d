import OCI
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Registry

/// A user's store and settings, and clients that lose no time.
struct RegistryScratch: Sendable {
  var settings: ConfigurationScratch
  let store: ContentStore
  let origins: BlobOrigins
  var credentials: CredentialSource
  /// Whose folders the store and the origins are in.
  private let folder: TemporaryDirectory
  var stallLimit = StallLimit(period: .seconds(20), minimum: 1)
  var retries = RetryPolicy(
    attempts: 4, firstPause: .milliseconds(1), longestPause: .milliseconds(4),
    longestRequestedPause: .seconds(2))

  init() throws {
    settings = try ConfigurationScratch()
    folder = settings.folder
    store = try ContentStore(root: settings.folder("store"))
    origins = try BlobOrigins(folder: settings.folder("origins"))
    credentials = .stored(
      CredentialStore(
        environment: settings.environment, systemRoot: settings.folder("system")))
  }

  /// The same with credentials for everybody.
  func with(_ credential: Credential) -> RegistryScratch {
    var copy = self
    copy.credentials = .given(credential)
    return copy
  }

  func client() throws -> RegistryClient {
    RegistryClient(
      configuration: try settings.configuration, credentials: credentials,
      transport: HTTPTransport(environment: [:], stallLimit: stallLimit), retries: retries)
  }

  func repository(_ name: String) throws -> RemoteRepository {
    try client().repository(try Reference(name))
  }

  func fetcher() throws -> BlobFetcher {
    let client = try client()
    return BlobFetcher(store: store, origins: origins) { client }
  }

  func puller() throws -> ImagePuller {
    ImagePuller(store: store, origins: origins, client: try client())
  }

  func pusher(
    to name: String, observer: @escaping TransferObserver = { _ in }
  ) throws -> ImagePusher {
    ImagePusher(
      to: try Reference(name), store: store, origins: origins, client: try client(),
      observer: observer)
  }

  /// Fetches one blob, from where an earlier attempt left it.
  func fetch(_ blob: Descriptor, from repository: RemoteRepository) async throws {
    let partial = try PartialBlob(blob, in: store)
    try partial.takeUp()
    do {
      try await repository.fetch(partial)
    } catch {
      partial.fail(error)
      throw error
    }
  }

  /// Bytes that do not compress, in the store.
  func add(noise count: Int, seed: UInt64 = 1) throws -> Descriptor {
    try store.add(noise(count, seed: seed), as: .layer)
  }

  /// An image of layers that are in the store.
  func addImage(
    _ layers: [Descriptor], architecture: String = "amd64"
  ) throws -> Descriptor {
    var configuration = ImageConfiguration(
      platform: Platform(os: "linux", architecture: architecture))
    configuration.rootFileSystem.diffIDs = layers.map(\.digest)
    let config = try store.add(JSON.encode(configuration), as: .configuration)
    var manifest = try store.add(
      JSON.encode(Manifest(config: config, layers: layers)), as: .manifest)
    manifest.platform = configuration.platform
    return manifest
  }

  /// The names of what is left of unfinished blobs.
  var leftovers: [String] { Files.names(in: store.root.appending("ingest")) }
}

/// xorshift64 (Marsaglia, 2003).
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, filled in
    buffer.withMemoryRebound(to: UInt64.self) { words in
      for index in 0...count / 8 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        words[index] = state
      }
    }
    filled = count
  }
}

/// What must fail: its error.
func failure(_ body: () async throws -> some Sendable) async -> (any Error)? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

/// Waits until something is so, which it becomes through others; gives up after minutes.
func becomesTrue(_ condition: @Sendable () -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + .seconds(300)
  while !condition() {
    guard .now < end else { return false }
    try await Task.sleep(for: .milliseconds(2))
  }
  return true
}

extension FaultyRegistry {
  /// `METHOD` of each request, with the status of the answer.
  var course: [String] {
    requests.map { "\($0.method) \($0.status.map(String.init) ?? "-")" }
  }

  /// A blob that does not compress, as a layer.
  func addNoise(megabytes: Int, seed: UInt64 = 1, to repository: String = "app") throws
    -> Descriptor
  {
    let blob = try put(blobOfMegabytes: megabytes, seed: seed, in: repository)
    return Descriptor(mediaType: .layer, digest: blob.digest, size: blob.size)
  }
}
