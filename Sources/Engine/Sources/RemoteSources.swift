internal import BuildGraph
internal import OCI
internal import Snapshots
import Synchronization
internal import SystemPackage

/// Finds out what sources on other machines are, and fetches them: each once, into a layer that is
/// kept and found again.
///
/// A layer comes to its place by a rename when all of it is there, and a record that names it after
/// that, so nothing half-fetched is ever found.
final class RemoteSources: Sendable {
  let stores: EngineStores
  let inputs: BuildInputs
  private let written = Mutex<Set<Digest>>([])

  init(stores: EngineStores, inputs: BuildInputs) {
    self.stores = stores
    self.inputs = inputs
  }

  /// What a source is; asks the other machine unless the source is pinned. What an unpinned HTTP
  /// address leads to is fetched by that.
  ///
  /// Throws `RemoteSourceError` and `CancellationError`.
  func resolve(_ source: Source) async throws -> RemoteState? {
    switch source {
    case .http(let http): return try await HTTPFetch(http, self).resolve()
    case .git(let git): return try await GitFetch(git, self).resolve()
    case .upload(let upload): return resolve(upload)
    case .scratch, .image, .context, .host: return nil
    }
  }

  /// The layer of a source, fetched where it is not here.
  func layer(of state: RemoteState) async throws -> LayerID {
    if let layer = state.layer { return layer }
    switch state.source {
    case .http(let http): return try await HTTPFetch(http, self).layer()
    case .git(let git): return try await GitFetch(git, self).layer(of: state)
    case .upload, .scratch, .image, .context, .host: throw RemoteSourceError.uploadLost
    }
  }

  func access(_ place: String) throws -> RemoteAccess {
    guard let access = inputs.remote else { throw RemoteSourceError.noAccess(place) }
    return access
  }

  // MARK: - Records

  /// The record of a key whose layer is still there.
  func record(for key: Digest) -> SourceRecord? {
    guard let record = stores.sources.record(for: key), stores.layers.contains(record.layer) else {
      return nil
    }
    return record
  }

  /// A record that cannot be written costs a later build time, and this one nothing.
  func remember(_ record: SourceRecord, under keys: [StepKey]) {
    for key in keys where (try? stores.sources.write(record, for: key.digest)) != nil {
      _ = written.withLock { $0.insert(key.digest) }
    }
  }

  /// What was fetched outlives a restart from here on.
  func confirm() throws {
    try stores.sources.confirm(written.withLock { $0 })
  }

  /// Runs `body` while nobody else, in any process, does so for the same key.
  func alone<Result: Sendable>(_ key: StepKey, _ body: () async throws -> Result) async throws
    -> Result
  {
    let path = stores.home.appending("locks").appending("source-\(key.digest.short)")
    let lock = try await BlockingWork.wait {
      try FileLock(transient: path)
    } givingBack: {
      $0.releaseRemoving(path)
    }
    defer { lock.releaseRemoving(path) }
    return try await body()
  }

  // MARK: - Uploads

  private func resolve(_ upload: UploadSource) -> RemoteState {
    let key = StepKey(upload: upload)
    return RemoteState(
      source: .upload(upload), identity: key.digest, layer: record(for: key.digest)?.layer)
  }
}

extension StepKey {
  init(upload: UploadSource) {
    self.init([
      .init("source", "upload"), .init("digest", upload.digest.hex),
      .init("file name", upload.fileName),
    ])
  }
}
