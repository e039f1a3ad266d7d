internal import Glibc

/// One block on its way through a ``CompressionPool``: its input, then its output.
///
/// Touched by one thread at a time: the writer's, then a worker's, then the writer's again, with the
/// pool's lock between them.
final class CompressionBlock: @unchecked Sendable {
  private let input: UnsafeMutableRawBufferPointer
  private let output: UnsafeMutableRawBufferPointer
  private var inputLength = 0
  private var outputLength: Int?
  /// Guarded by the pool's lock.
  fileprivate var isDone = false

  init(size: Int) {
    input = .allocate(byteCount: size, alignment: 64)
    output = .allocate(byteCount: DeflateCompressor.bound(for: size), alignment: 64)
  }

  deinit {
    input.deallocate()
    output.deallocate()
  }

  var isFull: Bool { inputLength == input.count }

  /// Takes what there is room for; returns how much.
  func fill(from bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(bytes.count, input.count - inputLength)
    UnsafeMutableRawBufferPointer(rebasing: input[inputLength...])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    inputLength += count
    return count
  }

  func compress(with compressor: DeflateCompressor) {
    outputLength = compressor.compress(
      UnsafeRawBufferPointer(rebasing: input[..<inputLength]), into: output)
  }

  /// The compressed member; nil if that failed.
  var result: UnsafeRawBufferPointer? {
    outputLength.map { UnsafeRawBufferPointer(rebasing: output[..<$0]) }
  }

  func empty() {
    inputLength = 0
    outputLength = nil
    isDone = false
  }
}

/// A few threads that compress blocks. Order is the business of the one who waits for them.
///
/// Threads of our own rather than tasks: compression of an image is seconds of pure computation,
/// which must not hold the threads that everything else awaits on, and the writer's thread blocks.
final class CompressionPool {
  /// What the threads share; it outlives the pool until the last of them has left.
  private final class Shared: @unchecked Sendable {
    let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    let workArrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    let blockDone = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    var queue: [CompressionBlock] = []
    var isStopping = false

    init() {
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(workArrived, nil)
      pthread_cond_init(blockDone, nil)
    }

    deinit {
      pthread_cond_destroy(blockDone)
      pthread_cond_destroy(workArrived)
      pthread_mutex_destroy(mutex)
      blockDone.deallocate()
      workArrived.deallocate()
      mutex.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
      pthread_mutex_lock(mutex)
      defer { pthread_mutex_unlock(mutex) }
      return body()
    }

    func work(with compressor: DeflateCompressor) {
      while let block = nextBlock() {
        block.compress(with: compressor)
        locked {
          block.isDone = true
          pthread_cond_broadcast(blockDone)
        }
      }
    }

    private func nextBlock() -> CompressionBlock? {
      locked {
        while queue.isEmpty, !isStopping { pthread_cond_wait(workArrived, mutex) }
        return isStopping ? nil : queue.removeFirst()
      }
    }
  }

  /// What a thread starts with.
  private final class Worker: Sendable {
    let shared: Shared
    let compressor: DeflateCompressor

    init(shared: Shared, compressor: DeflateCompressor) {
      self.shared = shared
      self.compressor = compressor
    }
  }

  private let shared = Shared()
  private var threads: [pthread_t] = []

  var threadCount: Int { threads.count }

  /// Starts up to `threads` threads: fewer, or none, when the system has no more to give.
  init(threads count: Int, level: Int) throws(ArchiveError) {
    for _ in 0..<count {
      let worker = Worker(shared: shared, compressor: try DeflateCompressor(level: level))
      guard let thread = Self.start(worker) else { break }
      threads.append(thread)
    }
  }

  /// Blocks that nobody has started on are dropped.
  deinit {
    shared.locked {
      shared.isStopping = true
      pthread_cond_broadcast(shared.workArrived)
    }
    for thread in threads { pthread_join(thread, nil) }
  }

  private static func start(_ worker: Worker) -> pthread_t? {
    let context = Unmanaged.passRetained(worker)
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let worker = Unmanaged<Worker>.fromOpaque(context).takeRetainedValue()
        worker.shared.work(with: worker.compressor)
        return nil
      }, context.toOpaque())
    if failure != 0 {
      context.release()
      return nil
    }
    return thread
  }

  func submit(_ block: CompressionBlock) {
    shared.locked {
      shared.queue.append(block)
      pthread_cond_signal(shared.workArrived)
    }
  }

  /// Blocks the calling thread until the block, which must have been submitted, is compressed.
  func wait(for block: CompressionBlock) {
    shared.locked {
      while !block.isDone { pthread_cond_wait(shared.blockDone, shared.mutex) }
    }
  }

  /// How many processors are online.
  static var availableProcessors: Int {
    let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return max(count, 1)
  }
}
