internal import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A blob that arrives in pieces and may be interrupted: what is there already is kept, also when the
/// process ends, and whoever fetches the blob next goes on where it stopped.
///
/// Whoever wants to can read along while it arrives (`reader`). It gets its name in the store only
/// when its size and digest are right.
package final class PartialBlob: Sendable {
  package let descriptor: Descriptor
  private let store: ContentStore
  private let path: FilePath
  private let file: OwnedDescriptor
  private let state: Mutex<State>

  private struct State {
    var hasher = SHA256Hasher()
    var size: Int64 = 0
    var end: End?
    var waiting: [@Sendable () -> Void] = []
    var observer: (@Sendable (_ size: Int64) -> Void)?

    mutating func takeWaiting() -> [@Sendable () -> Void] {
      defer { waiting = [] }
      return waiting
    }
  }

  private enum End {
    case complete
    case failed(any Error)
  }

  /// Begins, or goes on with what an interrupted attempt left, once `takeUp` has read that.
  package init(_ descriptor: Descriptor, in store: ContentStore) throws {
    self.descriptor = descriptor
    self.store = store
    let shared = store.partialPath(of: descriptor.digest)
    let opened = try OwnedDescriptor(opening: shared, O_RDWR | O_CREAT)
    if PartialBlob.lock(opened, at: shared) {
      path = shared
      file = opened
    } else {
      // Another process that fetches the same blob keeps its file; this one starts afresh.
      path = store.temporaryPath()
      file = try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL)
      flock(file.rawValue, LOCK_EX | LOCK_NB)
    }
    state = Mutex(State())
  }

  /// Whether the file is ours now. One that was renamed meanwhile is a blob of the store, and must
  /// never be written to.
  private static func lock(_ file: borrowing OwnedDescriptor, at path: FilePath) -> Bool {
    guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else { return false }
    var held = stat()
    var named = stat()
    return fstat(file.rawValue, &held) == 0 && stat(path.string, &named) == 0
      && held.st_ino == named.st_ino && held.st_dev == named.st_dev
  }

  /// Digests what an interrupted attempt left, before anything is appended. Blocks the thread for as
  /// long as reading takes.
  package func takeUp() throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    try state.withLock { state in
      while true {
        let count = pread(file.rawValue, &buffer, buffer.count, off_t(state.size))
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw SystemCallError("read", path.string) }
        if count == 0 { break }
        buffer.withUnsafeBytes {
          state.hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        state.size += Int64(count)
      }
    }
    if size > descriptor.size { try restart() }
  }

  /// The bytes that are there.
  package var size: Int64 { state.withLock(\.size) }

  /// Has somebody told how much is there, as it grows; called on the thread that appends.
  package func observe(_ observer: @escaping @Sendable (_ size: Int64) -> Void) {
    state.withLock { $0.observer = observer }
  }

  /// Appends what came. Throws `ContentError.wrongSize` beyond the size that the blob has, and
  /// `SystemCallError`.
  package func append(_ buffer: UnsafeRawBufferPointer) throws {
    let (size, observer, waiting) = try state.withLock { state in
      guard state.size + Int64(buffer.count) <= descriptor.size else {
        throw ContentError.wrongSize(
          descriptor.digest, expected: descriptor.size, actual: state.size + Int64(buffer.count))
      }
      try file.write(buffer, at: state.size, path: path)
      state.hasher.update(buffer)
      state.size += Int64(buffer.count)
      return (state.size, state.observer, state.takeWaiting())
    }
    waiting.forEach { $0() }
    observer?(size)
  }

  /// Throws everything away that came so far.
  package func restart() throws {
    try state.withLock { state in
      if ftruncate(file.rawValue, 0) != 0 { throw SystemCallError("truncate", path.string) }
      state.size = 0
      state.hasher = SHA256Hasher()
    }
  }

  /// Gives the blob its name in the store. Throws `ContentError` where it is not what it should be;
  /// it is empty then.
  package func commit() throws {
    let (size, digest) = state.withLock { ($0.size, $0.hasher.finish()) }
    guard size == descriptor.size else {
      try restart()
      throw ContentError.wrongSize(descriptor.digest, expected: descriptor.size, actual: size)
    }
    guard digest == descriptor.digest else {
      try restart()
      throw ContentError.wrongDigest(expected: descriptor.digest, actual: digest)
    }
    if fsync(file.rawValue) != 0 { throw SystemCallError("sync", path.string) }
    if rename(path.string, store.path(of: digest).string) != 0 {
      throw SystemCallError("rename", path.string)
    }
    finish(.complete)
  }

  /// Tells who reads along that nothing more will come.
  ///
  /// Where the disk is full, what has arrived goes too: it would keep everything else from working.
  package func fail(_ error: any Error) {
    if let error = error as? SystemCallError, [.noSpace, .diskQuotaExceeded].contains(error.code) {
      try? restart()
    }
    finish(.failed(error))
  }

  private func finish(_ end: End) {
    let waiting = state.withLock { state in
      if state.end == nil { state.end = end }
      return state.takeWaiting()
    }
    waiting.forEach { $0() }
  }

  // MARK: - Reading along

  /// Fills the buffer from `offset` on as soon as something is there; 0 at the end of the complete blob.
  ///
  /// Blocks the thread. Throws why the blob will not come. What is read is verified only when the end
  /// has been reached.
  package func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
    while true {
      let arrived = BlockingSignal()
      let available = try state.withLock { state -> Int64? in
        switch state.end {
        case .failed(let error): throw error
        case .complete: return state.size - offset
        case nil:
          // Never to the very end before it is known to be right.
          if state.size > offset, state.size < descriptor.size { return state.size - offset }
          state.waiting.append { arrived.send() }
          return nil
        }
      }
      guard let available else {
        arrived.wait()
        continue
      }
      guard available > 0, !buffer.isEmpty else { return 0 }
      let wanted = min(buffer.count, Int(available))
      let count = pread(file.rawValue, buffer.baseAddress, wanted, off_t(offset))
      if count > 0 { return count }
      // Cut short by a restart: it comes again.
      if count < 0, errno != EINTR { throw SystemCallError("read", path.string) }
    }
  }

  deinit {
    // An empty file is of use to nobody.
    if state.withLock({ $0.size == 0 && $0.end == nil }) { unlink(path.string) }
  }
}
