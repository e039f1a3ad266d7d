internal import OCI
internal import Snapshots
import Synchronization
internal import SystemPackage

/// A layer that is being written, shared by those who need its directories; it is committed once, or
/// thrown away.
final class ScratchLayer: Sendable {
  let upper: FilePath
  let work: FilePath
  private let pending: Mutex<PendingDirectoryLayer?>

  init(in layers: LayerStore) throws {
    let pending = try layers.beginDirectory()
    upper = pending.upper
    work = pending.work
    self.pending = Mutex(pending)
  }

  func commit() throws -> LayerID {
    guard let pending = pending.withLock({ $0.take() }) else {
      throw SystemCallError("commit", upper.string, code: .noSuchFileOrDirectory)
    }
    return try pending.commit()
  }

  func discard() {
    _ = pending.withLock { $0.take() }
  }
}
