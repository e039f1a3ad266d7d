import Glibc

/// A lock that threads can wait on for a change of what it guards.
///
/// `Synchronization.Mutex` has no way to wait with a deadline.
final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // The wall clock can jump, and with it a deadline.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` with the lock held.
  func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Within `locked`: runs `body` with the lock released.
  func unlocked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_unlock(mutex)
    defer { pthread_mutex_lock(mutex) }
    return body()
  }

  /// Within `locked`: waits for `notifyAll` or until the deadline, on the monotonic clock.
  func wait(until deadline: Duration?) {
    guard let deadline else {
      pthread_cond_wait(condition, mutex)
      return
    }
    let (seconds, attoseconds) = deadline.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    pthread_cond_timedwait(condition, mutex, &time)
  }

  /// Wakes all who wait.
  func notifyAll() {
    pthread_cond_broadcast(condition)
  }
}
