import OCI
import Synchronization

/// Digests what passes by.
final class StreamHasher: Sendable {
  private let state = Mutex((hasher: SHA256Hasher(), count: Int64(0)))

  func add(_ block: [UInt8]) {
    state.withLock { state in
      state.hasher.update(block)
      state.count += Int64(block.count)
    }
  }

  var digest: Digest { state.withLock { $0.hasher.finish() } }
  var count: Int64 { state.withLock(\.count) }
}
