internal import OCI
internal import Snapshots

/// The caches that a build may ask: each key once of each cache, in the order in which they were given.
///
/// A cache that fails, or keeps the build waiting, is not asked again. Plans of several platforms share
/// one.
package actor SharedCaches {
  private let caches: [any BuildCache]
  private let patience: Duration
  private let observer: @Sendable (Event) -> Void
  private let places = Turnstile(limit: 8)
  private var answers: [Question: Task<SharedStep?, Never>] = [:]
  private var givenUp: Set<Int> = []

  /// What happens, for whoever shows it; the number is the cache's place in the list.
  package enum Event: Sendable {
    case asked(Int)
    case found(Int, SharedStep)
    /// Something under a key was no step.
    case passedOver(Int, SharedStepProblem)
    /// The cache is not asked any more.
    case givenUp(Int, any Error)
  }

  private struct Question: Hashable {
    let key: Digest
    let cache: Int
  }

  /// - Parameter patience: how long a cache may take for an answer.
  package init(
    _ caches: [any BuildCache], patience: Duration = .seconds(5),
    observer: @escaping @Sendable (Event) -> Void = { _ in }
  ) {
    self.caches = caches
    self.patience = patience
    self.observer = observer
  }

  /// The step under a key, of the first cache that has one with a layer that serves; else one without
  /// a layer.
  ///
  /// The blob of its layer can be had afterwards. Throws only what `serves` throws.
  func step(
    _ key: Digest, serves: @Sendable (SharedStep) async throws -> Bool
  ) async throws -> SharedStep? {
    var bare: (number: Int, step: SharedStep)?
    for number in caches.indices {
      guard let step = await answer(to: Question(key: key, cache: number)) else { continue }
      guard let layer = step.layer else {
        bare = bare ?? (number, step)
        continue
      }
      if try await serves(step), await provide(layer, number) {
        observer(.found(number, step))
        return step
      }
    }
    if let bare { observer(.found(bare.number, bare.step)) }
    return bare?.step
  }

  private func answer(to question: Question) async -> SharedStep? {
    guard !givenUp.contains(question.cache) else { return nil }
    let task = answers[question] ?? Task { await self.ask(question) }
    answers[question] = task
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }

  private func ask(_ question: Question) async -> SharedStep? {
    let (cache, patience) = (caches[question.cache], patience)
    do {
      return try await places.pass { () -> SharedStep? in
        guard await self.begins(question) else { return nil }
        let step = try await Patience.wait(patience) { try await cache.step(question.key) }
        guard let step else { return nil }
        guard step.belongs(to: question.key) else {
          throw SharedStepProblem("it is the step of another key")
        }
        return step
      }
    } catch let problem as SharedStepProblem {
      observer(.passedOver(question.cache, problem))
    } catch {
      giveUp(question.cache, error)
    }
    return nil
  }

  private func begins(_ question: Question) -> Bool {
    guard !givenUp.contains(question.cache) else { return false }
    observer(.asked(question.cache))
    return true
  }

  private func provide(_ layer: PortableLayer, _ number: Int) async -> Bool {
    guard !givenUp.contains(number) else { return false }
    do {
      try await caches[number].provide(layer)
      return true
    } catch let problem as SharedStepProblem {
      observer(.passedOver(number, problem))
    } catch {
      giveUp(number, error)
    }
    return false
  }

  private func giveUp(_ number: Int, _ error: any Error) {
    if error is CancellationError || Task.isCancelled { return }
    if givenUp.insert(number).inserted { observer(.givenUp(number, error)) }
  }
}
