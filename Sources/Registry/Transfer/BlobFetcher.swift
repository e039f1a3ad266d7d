package import OCI
import Synchronization

/// Fetches blobs into a store from the repositories that have them, each once however many want it.
package final class BlobFetcher: BlobSupply {
  private let store: ContentStore
  private let origins: BlobOrigins
  private let client: @Sendable () throws -> RegistryClient
  private let observer: Mutex<TransferObserver>
  private let state = Mutex(State())
  private let places = Turnstile(limit: 4)

  private struct State {
    var arrivals: [Digest: Arrival] = [:]
    /// What could not be had is not tried again for each who wants it.
    var failures: [Digest: any Error] = [:]
    var isCancelled = false
  }

  /// A blob on its way.
  private struct Arrival: Sendable {
    let partial: PartialBlob
    let task: Task<Void, any Error>
    /// How many calls of `fetch` wait for it, where nobody else does.
    var fetches = 0
    /// Somebody reads it, or will, and so it comes to its end.
    var isWantedAnyhow = false
  }

  /// - Parameter client: called when something is to be fetched for the first time.
  package init(
    store: ContentStore, origins: BlobOrigins,
    client: @escaping @Sendable () throws -> RegistryClient
  ) {
    self.store = store
    self.origins = origins
    self.client = client
    observer = Mutex { _ in }
  }

  /// Whom to tell from now on.
  package func observe(_ observer: @escaping TransferObserver) {
    self.observer.withLock { $0 = observer }
  }

  /// Fetches what the store lacks, several blobs at once, and waits for all of it.
  ///
  /// Throws `ContentError.missing` for what is nowhere to be had, `RegistryError` and
  /// `SystemCallError`; cancelling stops what is under way for this call alone.
  package func fetch(_ blobs: [Descriptor]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for blob in Set(blobs) {
        guard let arrival = try arrival(of: blob, { $0.fetches += 1 }) else { continue }
        group.addTask {
          try await withTaskCancellationHandler {
            try await arrival.task.sharedValue()
          } onCancel: {
            self.leave(arrival.partial)
          }
        }
      }
      // The first that fails ends the others, which `waitForAll` would wait for.
      for try await _ in group {}
    }
  }

  /// Stops everything that is under way, wakes who waits for it, and fetches nothing any more: who
  /// reads a layer along would ask again else.
  package func cancel() {
    let tasks = state.withLock { state in
      state.isCancelled = true
      return state.arrivals.values.map(\.task)
    }
    for task in tasks { task.cancel() }
  }

  /// Ends what is under way and waits for that. What is asked for afterwards is fetched, unless `cancel`
  /// was called: a build may be done again without what could not be had.
  package func stop() async {
    let tasks = state.withLock { $0.arrivals.values.map(\.task) }
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.result }
  }

  // MARK: - BlobSupply

  package func begin(_ blobs: [Descriptor]) {
    for blob in blobs { _ = try? arrival(of: blob) { $0.isWantedAnyhow = true } }
  }

  package func knows(_ digest: Digest) -> Bool {
    !origins.repositories(of: digest).isEmpty
  }

  package func open(_ blob: Descriptor) throws -> PartialBlob {
    // It may have come since the caller looked.
    try arrival(of: blob) { $0.isWantedAnyhow = true }?.partial
      ?? PartialBlob(stored: blob, in: store)
  }

  package func require(_ blob: Descriptor) throws {
    guard let arrival = try arrival(of: blob, { $0.isWantedAnyhow = true }) else { return }
    let ended = BlockingSignal()
    let failure = Mutex<(any Error)?>(nil)
    Task {
      if case .failure(let error) = await arrival.task.result { failure.withLock { $0 = error } }
      ended.send()
    }
    ended.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  // MARK: - Arrivals

  /// The blob on its way, begun where it was not; nil where it has arrived.
  private func arrival(
    of blob: Descriptor, _ join: (inout Arrival) -> Void
  ) throws -> Arrival? {
    try state.withLock { state in
      if state.arrivals[blob.digest] == nil {
        // Under the lock: what has arrived was in the store before it ceased to be on its way.
        if store.contains(blob) { return nil }
        if let failure = state.failures[blob.digest] { throw failure }
        if state.isCancelled { throw CancellationError() }
        state.arrivals[blob.digest] = try begin(blob)
      }
      guard var arrival = state.arrivals[blob.digest] else { return nil }
      join(&arrival)
      state.arrivals[blob.digest] = arrival
      return arrival
    }
  }

  private func begin(_ blob: Descriptor) throws -> Arrival {
    let repositories = origins.repositories(of: blob.digest)
    guard !repositories.isEmpty else { throw ContentError.missing(blob.digest) }
    let partial = try PartialBlob(blob, in: store)
    let task = Task { [self] in
      do {
        try await places.pass { try await self.fetch(partial, from: repositories) }
        forget(partial)
      } catch {
        forget(partial, error is CancellationError ? nil : error)
        partial.fail(error)
        throw error
      }
    }
    return Arrival(partial: partial, task: task)
  }

  private func forget(_ partial: PartialBlob, _ failure: (any Error)? = nil) {
    let digest = partial.descriptor.digest
    state.withLock { state in
      // Where it was given up, another one may be on its way by now.
      guard state.arrivals[digest]?.partial === partial else { return }
      state.arrivals[digest] = nil
      state.failures[digest] = failure
    }
  }

  /// Ends what nobody waits for any more.
  private func leave(_ partial: PartialBlob) {
    let digest = partial.descriptor.digest
    let unwanted = state.withLock { state -> Task<Void, any Error>? in
      guard var arrival = state.arrivals[digest], arrival.partial === partial else { return nil }
      arrival.fetches -= 1
      state.arrivals[digest] = arrival
      guard arrival.fetches <= 0, !arrival.isWantedAnyhow else { return nil }
      state.arrivals[digest] = nil
      return arrival.task
    }
    unwanted?.cancel()
  }

  /// From the first repository that gives it.
  private func fetch(_ partial: PartialBlob, from repositories: [Reference]) async throws {
    let client = try client()
    let observer = observer.withLock { $0 }
    try await BlockingWork.run { try partial.takeUp() }
    partial.observe { observer(.progressed(partial.descriptor, completed: $0)) }
    for (index, repository) in repositories.enumerated() {
      do {
        try await client.repository(repository).fetch(partial)
        return observer(.fetched(partial.descriptor))
      } catch let error as RegistryError {
        if index == repositories.count - 1 { throw error }
      }
    }
  }
}
