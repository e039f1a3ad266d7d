import Dispatch
import Glibc
import Synchronization

/// Threads for work that blocks: as many as there is of it at a time, kept for what comes later.
///
/// Not Dispatch's: when all of its threads block, it adds one a second. On two processors, work that
/// came while two readers waited for a layer to arrive began 0.8 s late, and behind sixteen 15 s; and it
/// may be just what they wait for.
struct BlockingThreads: ~Copyable, Sendable {
  typealias Work = @Sendable () -> Void

  private struct State {
    var work: [Work] = []
    var count = 0
    /// Threads that wait and that no work was promised to.
    var idle = 0
  }

  private let state = Mutex(State())
  private let promise = DispatchSemaphore(value: 0)

  /// Those of this process, which never end.
  static let shared = BlockingThreads()

  /// Has a thread do something.
  func run(_ work: @escaping Work) {
    let needsThread = state.withLock { state in
      state.work.append(work)
      if state.idle > 0 {
        state.idle -= 1
        return false
      }
      state.count += 1
      return true
    }
    if !needsThread {
      promise.signal()
    } else if !BlockingThreads.start() {
      giveUpThread()
    }
  }

  /// The system has no thread left: what is to be done waits for one that there is.
  private func giveUpThread() {
    let orphan = state.withLock { state in
      state.count -= 1
      return state.count == 0 ? state.work.popLast() : nil
    }
    orphan?()
  }

  private static func start() -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { _ in
        BlockingThreads.shared.work()
        return nil
      }, nil)
    return status == 0
  }

  private func work() {
    while true {
      let next = state.withLock { state -> Work? in
        if state.work.isEmpty {
          state.idle += 1
          return nil
        }
        return state.work.removeFirst()
      }
      if let next { next() } else { promise.wait() }
    }
  }
}
