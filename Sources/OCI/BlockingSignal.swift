import Dispatch

/// Lets a thread wait for something that another one tells it; once.
package struct BlockingSignal: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  package init() {}

  package func send() {
    semaphore.signal()
  }

  /// Blocks the thread.
  package func wait() {
    semaphore.wait()
  }
}
