import Glibc

/// The display's shared state and its thread; lives until the thread has ended.
final class DisplayCore: @unchecked Sendable {
  private let descriptor: PatientDescriptor
  private let clock: ProgressClock
  private let limits: DisplayLimits
  private let monitor = Monitor()

  // All below is guarded by `monitor`.
  private var renderer: any ProgressRenderer
  private var pending: [UInt8] = []
  /// Bytes that the thread has taken and not yet written.
  private var underWay = 0
  private var lostBytes = 0
  private var lastRefresh = Duration.zero
  /// When the reader last took something, or was first given something to take.
  private var lastProgress = Duration.zero
  private var hasThread = false
  private var sleepsUntilNotified = false
  private var isClosing = false
  private var isDrained = false
  private var isGone = false
  private var isAbandoned = false

  init(
    renderer: any ProgressRenderer, descriptor: PatientDescriptor, clock: ProgressClock,
    limits: DisplayLimits
  ) {
    self.renderer = renderer
    self.descriptor = descriptor
    self.clock = clock
    self.limits = limits
  }

  var queuedBytes: Int {
    monitor.locked { queued }
  }

  func receive(_ event: BuildEvent) {
    monitor.locked {
      waitForRoom()
      guard !isClosing, !isGone else { return }
      if queued > limits.queuedBytes, let size = event.droppableSize {
        lostBytes += size
        return
      }
      noteLoss()
      append { renderer.receive(event, at: clock.now(), into: &$0) }
      wakeThread()
    }
  }

  func close() {
    monitor.locked {
      guard !isClosing else { return }
      isClosing = true
      guard !isGone else { return }
      noteLoss()
      append { renderer.close(at: clock.now(), into: &$0) }
      if !hasThread, !pending.isEmpty { startThread() }
      guard hasThread else { return }
      monitor.notifyAll()
      lastProgress = Self.now()
      while !isDrained, Self.now() < lastProgress + limits.patience {
        monitor.wait(until: lastProgress + limits.patience)
      }
      isAbandoned = !isDrained
    }
  }

  // MARK: Who reports

  private var queued: Int { pending.count + underWay }

  /// Waits while the queue is full and the reader reads.
  private func waitForRoom() {
    while queued > limits.queuedBytes, !isClosing, !isGone {
      let deadline = lastProgress + limits.patience
      guard Self.now() < deadline else { return }
      monitor.wait(until: deadline)
    }
  }

  /// Queues what `render` appends, unless the queue is beyond all bounds.
  private func append(_ render: (inout [UInt8]) -> Void) {
    let before = pending.count
    if queued == 0 { lastProgress = Self.now() }
    render(&pending)
    if queued > limits.mostQueuedBytes {
      lostBytes += pending.count - before
      pending.removeLast(pending.count - before)
    }
  }

  private func noteLoss() {
    guard lostBytes > 0, queued <= limits.queuedBytes || isClosing else { return }
    let count = lostBytes
    lostBytes = 0
    append { renderer.noteLoss(ofBytes: count, at: clock.now(), into: &$0) }
  }

  private func wakeThread() {
    if !hasThread {
      startThread()
    } else if !pending.isEmpty || sleepsUntilNotified && renderer.refreshInterval != nil {
      monitor.notifyAll()
    }
  }

  /// Starts the thread with every signal blocked: handlers run elsewhere, and a reader that is gone
  /// is EPIPE here and no more, whatever the process does about SIGPIPE.
  private func startThread() {
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let core = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<DisplayCore>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, core.toOpaque())
    guard status == 0 else {
      // A machine without room for a thread has worse to tell than progress.
      core.release()
      isGone = true
      pending = []
      return
    }
    pthread_detach(thread)
    hasThread = true
    lastRefresh = Self.now()
  }

  // MARK: The thread

  private func run() {
    monitor.locked {
      while !isGone, !isAbandoned {
        refreshIfDue()
        if !pending.isEmpty {
          deliver()
        } else if isClosing {
          break
        } else {
          let interval = renderer.refreshInterval
          sleepsUntilNotified = interval == nil
          monitor.wait(until: interval.map { lastRefresh + $0 })
          sleepsUntilNotified = false
        }
      }
      isDrained = true
      pending = []
      monitor.notifyAll()
    }
  }

  private func refreshIfDue() {
    guard !isClosing, pending.isEmpty, let interval = renderer.refreshInterval else { return }
    let now = Self.now()
    guard now >= lastRefresh + interval else { return }
    lastRefresh = now
    append { renderer.refresh(at: clock.now(), into: &$0) }
  }

  /// Writes what is pending, with the lock released while a write may take time.
  private func deliver() {
    var batch = pending[...]
    pending = []
    underWay = batch.count
    while !batch.isEmpty, !isAbandoned, !isGone {
      switch monitor.unlocked({ descriptor.write(batch, patience: 100) }) {
      case .wrote(let count):
        batch = batch.dropFirst(count)
        underWay = batch.count
        lastProgress = Self.now()
      case .stalled:
        continue
      case .gone:
        isGone = true
      }
      monitor.notifyAll()
    }
    underWay = 0
  }

  /// Waits are real whatever clock the renderer sees.
  private static func now() -> Duration {
    ProgressClock.monotonic.now()
  }
}
