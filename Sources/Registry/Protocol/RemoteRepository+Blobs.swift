package import OCI
import Synchronization
internal import Transport

extension RemoteRepository {
  /// Fetches a blob to its end, from where `partial` stands, and gives it its name in the store.
  ///
  /// What is interrupted goes on by range as long as it gets on; what arrives damaged is fetched once
  /// more from the beginning. Throws `RegistryError` and `SystemCallError`.
  package func fetch(_ partial: PartialBlob) async throws {
    // An interrupted attempt may have left all of it, and then perhaps the wrong bytes.
    let isComplete = try partial.size == partial.descriptor.size && partial.isRight()
    if !isComplete { try await receive(partial) }
    try await BlockingWork.run { try partial.commit() }
  }

  private func activity(_ partial: PartialBlob) -> String {
    "fetching the blob `\(partial.descriptor.digest)`"
  }

  private func receive(_ partial: PartialBlob) async throws {
    let (repository, activity) = (self, activity(partial))
    let damages = DamageCount()
    try await perform(activity, access: .pull, progress: partial.size) { endpoint in
      var request = HTTPRequest(.get, try endpoint.url(repository.name, blob: partial.descriptor))
      if partial.size > 0 { request.fields["Range"] = "bytes=\(partial.size)-" }
      return request
    } receive: { response -> Void? in
      switch try repository.part(
        response, of: partial.descriptor, from: partial.size, activity)
      {
      case .none: return nil
      case .whole: if partial.size > 0 { try partial.restart() }
      case .rest: break
      case .unusable(let error):
        try partial.restart()
        throw error
      }
      try await repository.append(response, to: partial, activity)
      do {
        try partial.verify()
      } catch ContentError.wrongDigest(let expected, let actual) {
        let error = repository.error(activity, .wrongDigest(expected: expected, actual: actual))
        throw damages.isFirst() ? TransientFailure(cause: error) : error
      }
      return ()
    }
  }

  private func append(
    _ response: HTTPResponse, to partial: PartialBlob, _ activity: String
  ) async throws {
    let size = partial.descriptor.size
    do {
      try await response.forEachBlock { block in
        // The disk may be slow.
        try await BlockingWork.run { try block.withUnsafeBytes { try partial.append($0) } }
      }
    } catch ContentError.wrongSize(_, let expected, let actual) {
      try partial.restart()
      throw error(activity, .wrongSize(expected: expected, actual: actual))
    } catch is TransportError where partial.size == size {
      // All of it is there; what was lost is only the end of the message.
    }
    guard partial.size == size else {
      throw TransientFailure(
        cause: error(activity, .wrongSize(expected: size, actual: partial.size)))
    }
  }

  /// What an answer has of a blob.
  private enum Part {
    case whole
    /// From where it was asked for.
    case rest
    /// A range that cannot be used: it is to be asked for from the beginning.
    case unusable(TransientFailure)
  }

  /// What the answer has of a blob of which `offset` bytes are there; nil where it is none.
  private func part(
    _ response: HTTPResponse, of blob: Descriptor, from offset: Int64, _ activity: String
  ) throws -> Part? {
    switch response.status {
    case 200:
      // Also the answer of those who know no ranges. What has another size need not be fetched.
      if let length = response.contentLength, length != blob.size {
        throw error(activity, .wrongSize(expected: blob.size, actual: length))
      }
      return .whole
    case 206:
      guard response.fields["Content-Range"]?.hasPrefix("bytes \(offset)-") == true else {
        return .unusable(
          TransientFailure(
            cause: error(
              activity, .malformed("it sent another range than was asked for"))))
      }
      return .rest
    case 416 where offset > 0:
      return .unusable(
        TransientFailure(cause: error(activity, .refused(status: response.status, []))))
    default: return nil
    }
  }

  /// A small blob, such as a configuration, whole and verified. Throws `RegistryError`.
  package func document(_ descriptor: Descriptor) async throws -> [UInt8] {
    let (repository, activity) = (self, "fetching the blob `\(descriptor.digest)`")
    guard descriptor.size <= ContentStore.documentLimit else {
      throw ContentError.tooLarge(
        descriptor.digest, size: descriptor.size, limit: ContentStore.documentLimit)
    }
    return try await perform(activity, access: .pull) { endpoint in
      HTTPRequest(.get, try endpoint.url(repository.name, blob: descriptor))
    } receive: { response in
      guard response.status == 200 else { return nil }
      let bytes = try await response.collect(limit: Int(descriptor.size) + 1)
      let actual = Digest.sha256(of: bytes)
      guard actual == descriptor.digest else {
        throw TransientFailure(
          cause: repository.error(
            activity, .wrongDigest(expected: descriptor.digest, actual: actual)))
      }
      return bytes
    }
  }

  /// Hands a blob on block by block as it arrives, and throws at the end if it was not the blob.
  ///
  /// What is interrupted goes on from there; what arrived damaged cannot be taken back.
  func stream(
    _ blob: Descriptor, _ take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws {
    let (repository, activity) = (self, "fetching the blob `\(blob.digest)`")
    let passage = BlobPassage(blob)
    try await perform(activity, access: .pull, progress: passage.size) { endpoint in
      var request = HTTPRequest(.get, try endpoint.url(repository.name, blob: blob))
      if passage.size > 0 { request.fields["Range"] = "bytes=\(passage.size)-" }
      return request
    } receive: { response -> Void? in
      let offset = passage.size
      var surplus: Int64 = 0
      switch try repository.part(response, of: blob, from: offset, activity) {
      case .none: return nil
      case .whole: surplus = offset
      case .rest: break
      case .unusable(let error): throw error
      }
      try await response.forEachBlock { block in
        let known = min(surplus, Int64(block.count))
        surplus -= known
        let fresh = known == 0 ? block : Array(block.dropFirst(Int(known)))
        guard !fresh.isEmpty else { return }
        // The last block is handed on only when all of it is known to be right.
        do {
          try passage.add(fresh)
        } catch ContentError.wrongDigest(let expected, let actual) {
          throw repository.error(activity, .wrongDigest(expected: expected, actual: actual))
        } catch ContentError.wrongSize(_, let expected, let actual) {
          throw repository.error(activity, .wrongSize(expected: expected, actual: actual))
        }
        try await take(fresh)
      }
      guard passage.size == blob.size else {
        throw TransientFailure(
          cause: repository.error(
            activity, .wrongSize(expected: blob.size, actual: passage.size)))
      }
      return ()
    }
  }

  /// Whether the registry has a blob, for whoever may read.
  package func offers(_ blob: Descriptor) async throws -> Bool {
    try await has(blob, access: .pull)
  }

  /// Whether the registry has a blob.
  func has(
    _ blob: Descriptor, access: AccessScope.Actions = .pullAndPush
  ) async throws -> Bool {
    let repository = self
    return try await perform("looking for the blob `\(blob.digest)`", access: access) {
      endpoint in
      HTTPRequest(.head, try endpoint.url(repository.name, blob: blob))
    } receive: { response in
      switch response.status {
      case 200: true
      case 404: false
      default: nil
      }
    }
  }
}

extension RegistryEndpoint {
  func url(_ repository: String, blob: Descriptor) throws -> HTTPURL {
    try url(repository, "blobs/\(blob.digest)")
  }
}

/// Tells the first damage of a blob from further ones.
private final class DamageCount: Sendable {
  private let count = Atomic(0)

  func isFirst() -> Bool {
    count.add(1, ordering: .relaxed).oldValue == 0
  }
}

/// A blob that passes by: what of it has been handed on.
private final class BlobPassage: Sendable {
  private let blob: Descriptor
  private let state = Mutex((hasher: SHA256Hasher(), size: Int64(0)))

  init(_ blob: Descriptor) {
    self.blob = blob
  }

  var size: Int64 { state.withLock(\.size) }

  /// Throws `ContentError` where the blob is longer than it should be, or is not the blob.
  func add(_ block: [UInt8]) throws {
    try state.withLock { state in
      let size = state.size + Int64(block.count)
      guard size <= blob.size else {
        throw ContentError.wrongSize(blob.digest, expected: blob.size, actual: size)
      }
      state.hasher.update(block)
      if size == blob.size {
        let digest = state.hasher.finish()
        guard digest == blob.digest else {
          throw ContentError.wrongDigest(expected: blob.digest, actual: digest)
        }
      }
      state.size = size
    }
  }
}
