internal import Engine
internal import OCI
internal import Registry
internal import Reporting
internal import Snapshots
import Synchronization
internal import SystemPackage

/// Puts the steps of a build where others find them.
struct CacheExport: Sendable {
  let home: Home
  let targets: [CacheTarget]
  /// A number that no other step has, nor as many above it as there are targets.
  let firstStep: Int
  let reporter: Reporter

  /// Writes all caches, one after the other.
  ///
  /// Throws `RequestError.cacheNotWritten`, unless the target says that this is no failure.
  func write(_ builds: [SolvedBuild]) async throws {
    for (number, target) in targets.enumerated() {
      guard let name = target.name else { continue }
      let step = TransferStep(
        StepID(firstStep + number), name: "exporting cache to \(name)", reporter: reporter)
      do {
        let written = try await step.covering { try await write(builds, target, step) }
        reporter.report(.imageExported("cache \(name): \(written)"))
      } catch let error as CancellationError {
        throw error
      } catch {
        guard target.ignoresErrors else { throw RequestError.cacheNotWritten(name, "\(error)") }
        reporter.report(
          .diagnosed(
            Diagnostic(.warning, "the cache `\(name)` cannot be written: \(error)")))
      }
    }
  }

  /// What became of the entries.
  private struct Tally: CustomStringConvertible {
    var written = 0
    var present = 0

    var description: String {
      let entries = written == 1 ? "1 entry" : "\(written) entries"
      return "\(entries) written, \(present) there already"
    }
  }

  private func write(
    _ builds: [SolvedBuild], _ target: CacheTarget, _ step: TransferStep
  ) async throws -> Tally {
    let writer: any CacheWriter
    switch target.place {
    case .inline: return Tally()
    case .registry(let reference):
      writer = RegistryCacheWriter(
        cache: RegistryCache(reference, origins: home.registries.origins) {
          try home.registries.client()
        },
        pusher: try home.registries.pusher(to: reference) { step.receive($0) },
        store: home.content)
    case .local(let path):
      writer = LayoutCacheWriter(layout: try ContentStore(root: path), home: home)
    }
    let tally = try await write(builds, target, writer)
    try await writer.finish()
    return tally
  }

  private func write(
    _ builds: [SolvedBuild], _ target: CacheTarget, _ writer: any CacheWriter
  ) async throws -> Tally {
    let places = Turnstile(limit: 6)
    let claimed = Claims()
    return try await withThrowingTaskGroup(of: Tally.self) { group in
      for build in builds {
        for step in build.steps(imageOnly: target.mode == .min) {
          group.addTask {
            try await places.pass {
              var tally = Tally()
              for shared in try await build.share(step, compression: target.compression)
              where claimed.claim(shared.key) {
                if try await put(shared, of: step, writer) {
                  tally.written += 1
                } else {
                  tally.present += 1
                }
              }
              return tally
            }
          }
        }
      }
      return try await group.reduce(into: Tally()) {
        $0.written += $1.written
        $0.present += $1.present
      }
    }
  }

  /// Whether the step was written. One that is there and sound stays, unless this build was asked not to
  /// use it.
  private func put(
    _ shared: SharedStep, of step: SolvedStep, _ writer: any CacheWriter
  ) async throws -> Bool {
    if !step.replacesOthers {
      do {
        if let present = try await writer.present(shared.key), !isBetter(shared, of: step, present)
        {
          return false
        }
      } catch is SharedStepProblem {
        // It is of no use to anybody.
      }
    }
    return try await writer.write(shared)
  }
}

/// Whether a step is of more use than the one that is there: that one has no layer, or one that does not
/// fit what the cache itself has below it.
private func isBetter(
  _ shared: SharedStep, of step: SolvedStep, _ present: SharedStep
) -> Bool {
  guard shared.layer != nil else { return false }
  return present.layer == nil || (present.base != shared.base && step.standsOnShared)
}

/// The keys that somebody sees to, each once.
private final class Claims: Sendable {
  private let keys = Mutex<Set<Digest>>([])

  func claim(_ key: Digest) -> Bool { keys.withLock { $0.insert(key).inserted } }
}

/// Where an export goes.
private protocol CacheWriter: Sendable {
  /// The step that is there under a key; throws `SharedStepProblem` for one that makes no sense.
  func present(_ key: Digest) async throws -> SharedStep?
  /// Puts a step there; false where that cannot be done for this one.
  func write(_ step: SharedStep) async throws -> Bool
  /// Makes what was written visible.
  func finish() async throws
}

private struct RegistryCacheWriter: CacheWriter {
  let cache: RegistryCache
  let pusher: ImagePusher
  let store: ContentStore

  func present(_ key: Digest) async throws -> SharedStep? { try await cache.taggedStep(key) }

  func write(_ step: SharedStep) async throws -> Bool {
    let store = store
    let manifest = try await BlockingWork.run { try StepArtifact.write(step, to: store) }
    guard let manifest else { return false }
    try await pusher.push(
      manifest, as: .tag(RegistryCache.tag(of: step.key, in: cache.reference)))
    return true
  }

  func finish() {}
}

private final class LayoutCacheWriter: CacheWriter {
  private let layout: ContentStore
  private let home: Home
  private let entries = Mutex<[Descriptor]>([])

  init(layout: ContentStore, home: Home) {
    self.layout = layout
    self.home = home
  }

  func present(_ key: Digest) async throws -> SharedStep? {
    let layout = layout
    return try await BlockingWork.run { try LayoutCache.step(key, in: layout) }
  }

  func write(_ step: SharedStep) async throws -> Bool {
    let (layout, store) = (layout, home.content)
    let blob = step.layer?.blob.descriptor
    if let blob { try await home.registries.fetcher.fetch([blob]) }
    let manifest = try await BlockingWork.run {
      if let blob { try layout.copy(blob, from: store) }
      return try StepArtifact.write(step, to: layout)
    }
    guard var manifest else { return false }
    manifest.annotations = [Annotation.referenceName: step.key.hex]
    let entry = manifest
    entries.withLock { $0.append(entry) }
    return true
  }

  /// The blobs are there before the index names them.
  func finish() throws {
    let written = entries.withLock { $0 }.sorted { $0.digest < $1.digest }
    let names = Set(written.compactMap { $0.annotations?[Annotation.referenceName] })
    try layout.updateIndex { index in
      index.manifests.removeAll {
        $0.annotations?[Annotation.referenceName].map(names.contains) ?? false
      }
      index.manifests += written
    }
  }
}

extension CacheTarget {
  /// For people; nil for what is no place of its own.
  fileprivate var name: String? {
    switch place {
    case .registry(let reference): reference.familiar
    case .local(let path): path.string
    case .inline: nil
    }
  }
}
