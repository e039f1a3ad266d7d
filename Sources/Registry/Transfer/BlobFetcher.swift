package import OCI
import Synchronization

/// Fetches blobs into a store from the repositories that have them, each once however many want it.
package final class BlobFetcher: BlobSupply {
  private let store: ContentStore
  private let origins: BlobOrigins
  private let client: @Sendable () throws -> RegistryClient
  private let observer: Mutex<TransferObserver>
  private let arrivals = Mutex<[Digest: Arrival]>([:])
  private let places = Turnstile(limit: 4)

  /// A blob on its way.
  private struct Arrival: Sendable {
    let partial: PartialBlob
    let task: Task<Void, any Error>
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
  /// `SystemCallError`; cancelling stops what is under way.
  package func fetch(_ blobs: [Descriptor]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for blob in Set(blobs) where !store.contains(blob) {
        let arrival = try arrival(of: blob)
        group.addTask {
          try await withTaskCancellationHandler {
            try await arrival.task.value
          } onCancel: {
            arrival.task.cancel()
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Stops everything that is under way and waits for its end.
  package func stop() async {
    let tasks = arrivals.withLock { $0.values.map(\.task) }
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.result }
  }

  // MARK: - BlobSupply

  package func begin(_ blobs: [Descriptor]) {
    for blob in blobs where !store.contains(blob) { _ = try? arrival(of: blob) }
  }

  package func open(_ blob: Descriptor) throws -> PartialBlob {
    try arrival(of: blob).partial
  }

  package func require(_ blob: Descriptor) throws {
    guard !store.contains(blob) else { return }
    let arrival = try arrival(of: blob)
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

  private func arrival(of blob: Descriptor) throws -> Arrival {
    try arrivals.withLock { arrivals in
      if let known = arrivals[blob.digest] { return known }
      let repositories = origins.repositories(of: blob.digest)
      guard !repositories.isEmpty else { throw ContentError.missing(blob.digest) }
      let partial = try PartialBlob(blob, in: store)
      let task = Task { [self] in
        defer { forget(blob) }
        do {
          try await places.pass { try await self.fetch(partial, from: repositories) }
        } catch {
          partial.fail(error)
          throw error
        }
      }
      let arrival = Arrival(partial: partial, task: task)
      arrivals[blob.digest] = arrival
      return arrival
    }
  }

  private func forget(_ blob: Descriptor) {
    arrivals.withLock { $0[blob.digest] = nil }
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
