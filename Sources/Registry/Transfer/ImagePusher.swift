package import OCI
import Synchronization

/// Sends images of a store to one repository.
///
/// Blobs may be sent ahead, while the image is still being made; the manifest comes last, so a name
/// never points at something that is not whole. Blobs that are not in the store are mounted, or passed
/// on from where they are.
package final class ImagePusher: Sendable {
  /// Where to; its tag or digest is what the image is stored under.
  package let target: Reference
  private let store: ContentStore
  private let origins: BlobOrigins
  private let client: RegistryClient
  private let observer: TransferObserver
  private let places: Turnstile
  private let state = Mutex(State())

  private struct State {
    var uploads: [Digest: Task<Void, any Error>] = [:]
    /// Nothing is begun any more.
    var isStopped = false
  }

  package init(
    to target: Reference, store: ContentStore, origins: BlobOrigins, client: RegistryClient,
    observer: @escaping TransferObserver = { _ in }
  ) {
    self.target = target
    self.store = store
    self.origins = origins
    self.client = client
    self.observer = observer
    places = Turnstile(limit: 4)
  }

  private var repository: RemoteRepository { client.repository(target) }

  /// Begins to send a blob that the image will have.
  package func begin(_ blob: Descriptor) {
    _ = upload(of: blob)
  }

  /// Sends what is missing of an image or index, then its manifests, and names it.
  ///
  /// - Parameters:
  ///   - source: a repository that has what the store lacks; nil leaves it to what is known of each
  ///     blob.
  ///   - name: another tag than the target's, or the digest; it gets the document and all that it names
  ///     whatever it had before. Several documents may be sent at the same time.
  ///
  /// Throws `RegistryError`, `ContentError` and `SystemCallError`. However it ends, nothing is under
  /// way afterwards.
  package func push(
    _ root: Descriptor, source: Reference? = nil, as name: ManifestReference? = nil
  ) async throws {
    do {
      try await withTaskCancellationHandler {
        try await send(root, source, name)
      } onCancel: {
        cancel()
      }
    } catch {
      await stop()
      throw error
    }
  }

  /// Stops what `begin` began, for an image that will not be sent after all.
  package func stop() async {
    for upload in cancel() { _ = await upload.result }
  }

  @discardableResult
  private func cancel() -> [Task<Void, any Error>] {
    let uploads = state.withLock { state in
      state.isStopped = true
      return Array(state.uploads.values)
    }
    for upload in uploads { upload.cancel() }
    return uploads
  }

  private func send(
    _ root: Descriptor, _ source: Reference?, _ other: ManifestReference?
  ) async throws {
    let name = other ?? ManifestReference(target)
    let place = "\(target.name):\(name)"
    if other == nil, let present = try await repository.describe(name, access: .pullAndPush),
      present.digest == root.digest
    {
      // Where the manifest is, there is everything that it names.
      return observer(.manifestStored(root.digest, name: place))
    }
    try await sendParts(of: root, source)
    try await put(root, as: name)
    observer(.manifestStored(root.digest, name: place))
  }

  /// Everything that a document names, before the document itself.
  private func sendParts(of document: Descriptor, _ source: Reference?) async throws {
    if document.mediaType.isIndex {
      for entry in try store.index(document).manifests {
        try await ensureDocument(entry, source)
        if try await isThere(entry) { continue }
        try await sendParts(of: entry, source)
        try await put(entry, as: .digest(entry.digest))
      }
    } else {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for blob in Set(try Image(document, in: store).parts()) {
          let upload = upload(of: blob, source)
          group.addTask {
            try await withTaskCancellationHandler {
              try await upload.value
            } onCancel: {
              upload.cancel()
            }
          }
        }
        // The first that fails ends the others, which `waitForAll` would wait for.
        for try await _ in group {}
      }
    }
  }

  private func isThere(_ document: Descriptor) async throws -> Bool {
    try await repository.describe(.digest(document.digest), access: .pullAndPush)?.digest
      == document.digest
  }

  private func put(_ document: Descriptor, as name: ManifestReference) async throws {
    let bytes = try store.read(document)
    try await repository.put(manifest: bytes, document.mediaType, as: name)
    origins.note([document.digest], in: target)
  }

  /// Manifests of an index that was pulled for one platform only are fetched now.
  private func ensureDocument(_ document: Descriptor, _ source: Reference?) async throws {
    guard !store.contains(document) else { return }
    let candidates = source.map { [$0] } ?? origins.repositories(of: document.digest)
    for origin in candidates {
      let found = try await client.repository(origin).manifest(.digest(document.digest))
      let store = store
      try await BlockingWork.run {
        _ = try store.add(found.bytes, as: found.descriptor.mediaType)
      }
      return
    }
    throw missing(document.digest)
  }

  private func missing(_ digest: Digest) -> RegistryError {
    repository.error("sending the image", .missing(digest))
  }

  // MARK: - Blobs

  private func upload(of blob: Descriptor, _ source: Reference? = nil) -> Task<Void, any Error> {
    state.withLock { state in
      if let known = state.uploads[blob.digest] { return known }
      let task = Task { [self] in try await places.pass { try await self.sendBlob(blob, source) } }
      if state.isStopped { task.cancel() }
      state.uploads[blob.digest] = task
      return task
    }
  }

  private func sendBlob(_ blob: Descriptor, _ source: Reference?) async throws {
    let known = (source.map { [$0] } ?? []) + origins.repositories(of: blob.digest)
    let mountSources = known.filter { $0.registry == target.registry }.map(\.repository)
    let from: UploadSource
    if store.contains(blob) {
      from = .store(store)
    } else if let origin = known.first {
      from = .repository(client.repository(origin))
    } else {
      throw missing(blob.digest)
    }
    let outcome = try await repository.upload(
      blob, from: from, mountSources: Array(mountSources.prefix(2)))
    origins.note([blob.digest], in: target)
    observer(.uploaded(blob, outcome))
  }
}
