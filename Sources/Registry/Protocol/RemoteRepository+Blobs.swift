package import OCI
internal import Transport

extension RemoteRepository {
  /// Fetches a blob to its end, from where `partial` stands, and gives it its name in the store.
  ///
  /// What is interrupted goes on by range as long as it gets on; what arrives damaged is fetched once
  /// more from the beginning. Throws `RegistryError`, `ContentError` and `SystemCallError`.
  package func fetch(_ partial: PartialBlob) async throws {
    var hasRestarted = false
    while true {
      try await receive(partial)
      do {
        return try await BlockingWork.run { try partial.commit() }
      } catch let failure as ContentError {
        guard case .wrongDigest(let expected, let actual) = failure else { throw failure }
        guard !hasRestarted else {
          throw error(activity(partial), .wrongDigest(expected: expected, actual: actual))
        }
        hasRestarted = true
      }
    }
  }

  private func activity(_ partial: PartialBlob) -> String {
    "fetching the blob `\(partial.descriptor.digest)`"
  }

  private func receive(_ partial: PartialBlob) async throws {
    let size = partial.descriptor.size
    guard partial.size < size else { return }
    let (repository, activity) = (self, activity(partial))
    try await perform(activity, access: .pull, progress: { partial.size }) { endpoint in
      var request = HTTPRequest(.get, try endpoint.url(repository.name, blob: partial.descriptor))
      if partial.size > 0 { request.fields["Range"] = "bytes=\(partial.size)-" }
      return request
    } receive: { response -> Void? in
      guard try repository.stands(partial, response) else { return nil }
      do {
        try await response.forEachPiece { try partial.append($0) }
      } catch ContentError.wrongSize(_, let expected, let actual) {
        try partial.restart()
        throw repository.error(activity, .wrongSize(expected: expected, actual: actual))
      }
      guard partial.size == size else {
        throw TransientFailure(
          cause: repository.error(activity, .wrongSize(expected: size, actual: partial.size)))
      }
      return ()
    }
  }

  /// Whether the answer goes on where the blob stands; false where it is none.
  private func stands(_ partial: PartialBlob, _ response: HTTPResponse) throws -> Bool {
    switch response.status {
    case 200:
      // Also the answer of those who know no ranges.
      if partial.size > 0 { try partial.restart() }
      return true
    case 206:
      guard response.fields["Content-Range"]?.hasPrefix("bytes \(partial.size)-") == true else {
        try partial.restart()
        throw TransientFailure(
          cause: error(activity(partial), .malformed("it sent another range than was asked for")))
      }
      return true
    case 416:
      try partial.restart()
      throw TransientFailure(
        cause: error(activity(partial), .refused(status: response.status, [])))
    default: return false
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
  /// An interruption is not gone on from, because what was handed on is gone.
  func stream(
    _ blob: Descriptor, _ take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws {
    let (repository, activity) = (self, "fetching the blob `\(blob.digest)`")
    try await perform(activity, access: .pull, retries: .once) { endpoint in
      HTTPRequest(.get, try endpoint.url(repository.name, blob: blob))
    } receive: { response -> Void? in
      guard response.status == 200 else { return nil }
      var hasher = SHA256Hasher()
      var size: Int64 = 0
      try await response.forEachBlock { block in
        hasher.update(block)
        size += Int64(block.count)
        // The last block is handed on only when all of it is known to be right.
        if size >= blob.size {
          try repository.verify(blob, size, hasher.finish(), activity)
        }
        try await take(block)
      }
      if size < blob.size { try repository.verify(blob, size, hasher.finish(), activity) }
      return ()
    }
  }

  private func verify(
    _ blob: Descriptor, _ size: Int64, _ digest: Digest, _ activity: String
  ) throws {
    guard size == blob.size else {
      throw error(activity, .wrongSize(expected: blob.size, actual: size))
    }
    guard digest == blob.digest else {
      throw error(activity, .wrongDigest(expected: blob.digest, actual: digest))
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
