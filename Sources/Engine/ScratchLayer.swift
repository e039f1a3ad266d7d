internal import OCI
package import Snapshots
import Synchronization
package import SystemPackage

/// A layer that is being written, shared by those who need its directories; it is committed once, or
/// thrown away.
package final class ScratchLayer: Sendable {
  package let upper: FilePath
  package let work: FilePath
  private let pending: Mutex<PendingDirectoryLayer?>

  package init(in layers: LayerStore) throws {
    let pending = try layers.beginDirectory()
    upper = pending.upper
    work = pending.work
    self.pending = Mutex(pending)
  }

  package func commit() throws -> LayerID {
    guard let pending = pending.withLock({ $0.take() }) else {
      throw SystemCallError("commit", upper.string, code: .noSuchFileOrDirectory)
    }
    return try pending.commit()
  }

  package func discard() {
    _ = pending.withLock { $0.take() }
  }
}
