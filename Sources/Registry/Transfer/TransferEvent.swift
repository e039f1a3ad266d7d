package import OCI

/// What happens while blobs and manifests go over the network, for whoever shows it.
package enum TransferEvent: Sendable, Hashable {
  /// A blob is fetched from, or sent to, a registry; `completed` of its bytes are over.
  case progressed(Descriptor, completed: Int64)
  /// A blob has arrived.
  case fetched(Descriptor)
  /// A blob is where it was wanted.
  case uploaded(Descriptor, UploadOutcome)
  /// A manifest or index is where it was wanted.
  case manifestStored(Digest, name: String)
}

/// Is told of transfers; called often, on any thread.
package typealias TransferObserver = @Sendable (TransferEvent) -> Void
