package import OCI

/// What tests put there, and find there.
extension FaultyRegistry {
  /// Puts a blob into a repository.
  @discardableResult
  package func put(blob bytes: [UInt8], in repository: String) throws -> Digest {
    let session = try service.contents.beginUpload(to: repository)
    try session.append(bytes)
    let digest = Digest.sha256(of: bytes)
    try service.contents.finish(session, as: digest)
    return digest
  }

  /// Puts a blob of `pieces` pieces of a megabyte into a repository, without having it in memory; its
  /// bytes do not compress, and are the same for the same seed.
  @discardableResult
  package func put(
    blobOfMegabytes pieces: Int, seed: UInt64 = 1, in repository: String
  ) throws -> (digest: Digest, size: Int64) {
    let session = try service.contents.beginUpload(to: repository)
    var state = seed
    var hasher = SHA256Hasher()
    for _ in 0..<pieces {
      let piece = FaultyRegistry.noise(1 << 20, &state)
      hasher.update(piece)
      try session.append(piece)
    }
    let digest = hasher.finish()
    try service.contents.finish(session, as: digest)
    return (digest, Int64(pieces) << 20)
  }

  /// xorshift64 (Marsaglia, 2003).
  private static func noise(_ count: Int, _ state: inout UInt64) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.withMemoryRebound(to: UInt64.self) { words in
        for index in words.indices {
          state ^= state << 13
          state ^= state >> 7
          state ^= state << 17
          words[index] = state
        }
      }
      initialized = count
    }
  }

  /// Puts a manifest or an index into a repository. Throws where its blobs are not there.
  @discardableResult
  package func put(
    manifest bytes: [UInt8], as mediaType: MediaType, in repository: String, tag: String? = nil
  ) throws -> Descriptor {
    try service.contents.add(
      try StoredManifest(bytes, as: mediaType), to: repository, tag: tag)
    return Descriptor(of: bytes, as: mediaType)
  }

  /// The bytes of a blob, wherever it is; nil where there is none.
  package func blob(_ digest: Digest) -> [UInt8]? {
    service.contents.blob(digest).flatMap { try? Files.read($0.file) }
  }

  /// Whether a repository has a blob.
  package func hasBlob(_ digest: Digest, in repository: String) -> Bool {
    service.contents.blob(digest, in: repository) != nil
  }

  /// The bytes of a manifest by tag or digest; nil where there is none.
  package func manifest(_ reference: String, in repository: String) -> [UInt8]? {
    service.contents.manifest(reference, in: repository)?.bytes
  }

  /// What points at a manifest by tag or digest; nil where there is none.
  package func descriptor(_ reference: String, in repository: String) -> Descriptor? {
    service.contents.manifest(reference, in: repository)
      .map { Descriptor(of: $0.bytes, as: $0.mediaType) }
  }

  /// Sorted; empty where there is no such repository.
  package func tags(in repository: String) -> [String] {
    service.contents.tags(in: repository) ?? []
  }

  /// How many uploads were begun and not ended.
  package var uploadCount: Int { service.contents.uploadCount }
}
