import Synchronization

/// Flags that several threads set without a lock, which they would wait for more than they work.
final class AtomicFlags: Sendable {
  // Every access is atomic; the memory lives as long as the object.
  private nonisolated(unsafe) let flags: UnsafeMutableBufferPointer<Atomic<UInt8>>

  init(count: Int) {
    flags = .allocate(capacity: count)
    for index in flags.indices { flags.initializeElement(at: index, to: Atomic(0)) }
  }

  deinit {
    flags.deinitialize()
    flags.deallocate()
  }

  func set(_ index: Int) { flags[index].store(1, ordering: .relaxed) }

  subscript(index: Int) -> Bool { flags[index].load(ordering: .relaxed) != 0 }
}
