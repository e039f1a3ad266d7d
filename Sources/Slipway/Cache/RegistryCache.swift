internal import Engine
internal import OCI
internal import Registry
internal import Snapshots
import Synchronization

/// A cache in a repository: a tag a step, so that builders at work at the same time never overwrite one
/// another; and the image under the reference itself, where that lists its steps.
final class RegistryCache: BuildCache {
  let reference: Reference
  private let origins: BlobOrigins
  private let client: @Sendable () throws -> RegistryClient
  private let listed = Mutex<Task<[Digest: SharedStep], any Error>?>(nil)

  init(
    _ reference: Reference, origins: BlobOrigins,
    client: @escaping @Sendable () throws -> RegistryClient
  ) {
    self.reference = reference
    self.origins = origins
    self.client = client
  }

  var name: String { reference.familiar }

  /// The tag of a step: what fits of the reference's own, and the key.
  static func tag(of key: Digest, in reference: Reference) -> String {
    // A tag has at most 128 characters (distribution-spec, "Pulling manifests").
    "\((reference.tag ?? "latest").prefix(128 - 1 - 64))-\(key.hex)"
  }

  func step(_ key: Digest) async throws -> SharedStep? {
    async let listed = listedSteps()
    do {
      if let step = try await taggedStep(key) { return step }
    } catch let problem as SharedStepProblem {
      if let step = try await listed[key] { return step }
      throw problem
    }
    return try await listed[key]
  }

  func provide(_ layer: PortableLayer) {
    origins.note([layer.blob.descriptor.digest], in: reference)
  }

  // MARK: - A tag a step

  /// The step under its own tag.
  func taggedStep(_ key: Digest) async throws -> SharedStep? {
    let repository = try client().repository(reference)
    let name = ManifestReference.tag(Self.tag(of: key, in: reference))
    let manifest = try await judging { try await repository.manifestIfAny(name) }
    guard let manifest else { return nil }
    let artifact = try StepArtifact(manifest.bytes)
    return try await judging {
      async let record = repository.document(artifact.record)
      async let index = document(artifact.index, repository)
      async let isThere = offers(artifact.layer, repository)
      guard try await isThere else { throw SharedStepProblem("its layer is gone") }
      return try await artifact.step(of: key, record: record, index: index)
    }
  }

  private func offers(
    _ descriptor: Descriptor?, _ repository: RemoteRepository
  ) async throws -> Bool {
    guard let descriptor else { return true }
    return try await repository.offers(descriptor)
  }

  private func document(
    _ descriptor: Descriptor?, _ repository: RemoteRepository
  ) async throws -> [UInt8]? {
    guard let descriptor else { return nil }
    return try await repository.document(descriptor)
  }

  /// Tells what is wrong with one step from what is wrong with the registry.
  private func judging<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as RegistryError {
      switch error.cause {
      case .refused(status: 404, _), .wrongDigest, .wrongSize, .malformed, .notAnImage:
        throw SharedStepProblem("\(error)")
      case .refused, .unauthorized, .transport, .missing: throw error
      }
    } catch let error as ContentError {
      throw SharedStepProblem("\(error)")
    }
  }

  // MARK: - An image that lists its steps

  /// Asked for once.
  private func listedSteps() async throws -> [Digest: SharedStep] {
    let task = listed.withLock { listed in
      if let listed { return listed }
      let task = Task { try await self.readListedSteps() }
      listed = task
      return task
    }
    return try await task.value
  }

  private static let imageLimit = 16

  private func readListedSteps() async throws -> [Digest: SharedStep] {
    let repository = try client().repository(reference)
    do {
      guard let root = try await repository.manifestIfAny(ManifestReference(reference)) else {
        return [:]
      }
      guard root.descriptor.mediaType.isIndex else { return try await steps(of: root, repository) }
      let index = try JSON.decode(ImageIndex.self, from: root.bytes)
      var steps: [Digest: SharedStep] = [:]
      for entry in index.manifests.filter(\.mediaType.isManifest).prefix(Self.imageLimit) {
        guard let image = try await repository.manifestIfAny(.digest(entry.digest)) else {
          continue
        }
        steps.merge(try await self.steps(of: image, repository)) { first, _ in first }
      }
      return steps
    } catch let error as RegistryError {
      // What is no image lists no steps, and is no reason to distrust the tags.
      switch error.cause {
      case .wrongDigest, .wrongSize, .malformed, .notAnImage, .refused(status: 404, _): return [:]
      case .refused, .unauthorized, .transport, .missing: throw error
      }
    } catch is DecodingError {
      return [:]
    } catch is ContentError {
      return [:]
    }
  }

  private func steps(
    of image: RemoteDocument, _ repository: RemoteRepository
  ) async throws -> [Digest: SharedStep] {
    let manifest = try JSON.decode(Manifest.self, from: image.bytes)
    guard [.configuration, .dockerConfiguration].contains(manifest.config.mediaType) else {
      return [:]
    }
    return InlineSteps.read(try await repository.document(manifest.config), manifest)
  }
}

extension RemoteRepository {
  /// A manifest or index; nil where there is none.
  fileprivate func manifestIfAny(_ reference: ManifestReference) async throws -> RemoteDocument? {
    do {
      return try await manifest(reference)
    } catch let error as RegistryError where error.status == 404 {
      return nil
    }
  }
}
