/// Where blobs come from that images speak of and the content store lacks.
///
/// Everything that blocks is for threads that may; none of it is for the cooperative pool.
package protocol BlobSupply: Sendable {
  /// Begins to fetch blobs that will be needed, several at once, and returns at once. What is in the
  /// store, or nowhere to be had, is passed over.
  func begin(_ blobs: [Descriptor])

  /// Whether there is a place where the blob may be had; nobody is asked.
  func knows(_ digest: Digest) -> Bool

  /// The bytes of a blob as they arrive; it is in the store when its end has been read. Throws
  /// `ContentError.missing` where it is nowhere to be had.
  func open(_ blob: Descriptor) throws -> PartialBlob

  /// Waits until a blob is in the store. Throws why it does not come.
  func require(_ blob: Descriptor) throws
}

/// What a store without any connection has.
package struct NoBlobSupply: BlobSupply {
  package init() {}

  package func begin(_ blobs: [Descriptor]) {}

  package func knows(_ digest: Digest) -> Bool { false }

  package func open(_ blob: Descriptor) throws -> PartialBlob {
    throw ContentError.missing(blob.digest)
  }

  package func require(_ blob: Descriptor) throws {
    throw ContentError.missing(blob.digest)
  }
}
