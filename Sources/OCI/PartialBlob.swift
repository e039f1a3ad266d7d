internal import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A blob that arrives in pieces and may be interrupted: what is there already is kept, also when the
/// process ends, and whoever fetches the blob next goes on where it stopped.
///
/// Whoever wants to can read along while it arrives. It gets its name in the store only when its size
/// and digest are right.
package final class PartialBlob: Sendable {
  package let descriptor: Descriptor
  private let store: ContentStore
  private let path: FilePath
  private let file: OwnedDescriptor
  /// Whether the next one who fetches the blob finds the file.
  private let isShared: Bool
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
      isShared = true
    } else {
      // Another process that fetches the same blob keeps its file; this one starts afresh.
      path = store.temporaryPath()
      file = try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL)
      flock(file.rawValue, LOCK_EX | LOCK_NB)
      isShared = false
    }
    state = Mutex(State())
  }

  /// A blob that has arrived already.
  package init(stored descriptor: Descriptor, in store: ContentStore) throws {
    self.descriptor = descriptor
    self.store = store
    path = store.path(of: descriptor.digest)
    file = try OwnedDescriptor(opening: path, O_RDONLY)
    isShared = true
    var state = State()
    state.size = descriptor.size
    state.end = .complete
    self.state = Mutex(state)
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
    for wake in waiting { wake() }
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

  /// Whether all of it is there and right.
  package func isRight() throws -> Bool {
    do {
      try verify()
      return true
    } catch is ContentError {
      return false
    }
  }

  /// Throws `ContentError` where the blob is not what it should be; it is empty then.
  package func verify() throws {
    let (size, digest) = state.withLock { ($0.size, $0.hasher.finish()) }
    guard size == descriptor.size else {
      try restart()
      throw ContentError.wrongSize(descriptor.digest, expected: descriptor.size, actual: size)
    }
    guard digest == descriptor.digest else {
      try restart()
      throw ContentError.wrongDigest(expected: descriptor.digest, actual: digest)
    }
  }

  /// Gives the blob its name in the store. Throws `ContentError` where it is not what it should be;
  /// it is empty then. Blocks the thread until the disk has it.
  package func commit() throws {
    try verify()
    if fsync(file.rawValue) != 0 { throw SystemCallError("sync", path.string) }
    if rename(path.string, store.path(of: descriptor.digest).string) != 0 {
      throw SystemCallError("rename", path.string)
    }
    finish(.complete)
  }

  /// Tells who reads along that nothing more will come, and leaves what is there to whoever fetches
  /// the blob next: nothing may be appended any more.
  ///
  /// Where the disk is full, what has arrived goes too: it would keep everything else from working.
  package func fail(_ error: any Error) {
    if let error = error as? SystemCallError, [.noSpace, .diskQuotaExceeded].contains(error.code) {
      try? restart()
    }
    leave()
    finish(.failed(error))
  }

  /// While the lock is held nobody else has the file: it is of use to nobody where it is empty or has a
  /// name that nobody knows.
  private func leave() {
    let isOver = state.withLock { $0.end != nil }
    if isOver { return }
    if size == 0 || !isShared { unlink(path.string) }
    flock(file.rawValue, LOCK_UN)
  }

  private func finish(_ end: End) {
    let waiting = state.withLock { state in
      if state.end == nil { state.end = end }
      return state.takeWaiting()
    }
    for wake in waiting { wake() }
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

  deinit { leave() }
}
