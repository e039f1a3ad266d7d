import Glibc
package import OCI
import Synchronization
import SystemPackage
internal import Transport

/// Where the bytes of an upload come from.
package enum UploadSource: Sendable {
  case store(ContentStore)
  /// Another repository, from which they are passed on as they arrive.
  case repository(RemoteRepository)

  /// Whether a part from the middle can be sent.
  var isSeekable: Bool {
    if case .store = self { true } else { false }
  }
}

/// The bytes of a blob from a store.
struct StoredBlobPieces: Sendable {
  let blob: Descriptor
  let store: ContentStore
  let range: Range<Int64>

  private static let pieceSize: Int64 = 256 << 10

  /// Begins to read. Throws `SystemCallError`.
  func begin() throws -> HTTPBody.NextPiece {
    let path = store.path(of: blob.digest)
    let file = SharedFile(try OwnedDescriptor(opening: path, O_RDONLY))
    let offset = Mutex(range.lowerBound)
    let end = range.upperBound
    return {
      let start = offset.withLock { offset in
        defer { offset = min(offset + StoredBlobPieces.pieceSize, end) }
        return offset
      }
      guard start < end else { return nil }
      return try await BlockingWork.run {
        try file.read(Int(min(StoredBlobPieces.pieceSize, end - start)), at: start, path)
      }
    }
  }
}

/// A file that several closures hold.
private final class SharedFile: Sendable {
  private let file: OwnedDescriptor

  init(_ file: consuming OwnedDescriptor) {
    self.file = file
  }

  /// So many bytes. Throws where there are fewer.
  func read(_ count: Int, at offset: Int64, _ path: FilePath) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
        let got = pread(file.rawValue, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw SystemCallError("read", path.string) }
        guard got > 0 else { throw SystemCallError("read", path.string, code: .ioError) }
        filled += got
      }
    }
  }
}

/// The bytes of a blob of another repository, fetched while they are sent.
final class RemoteBlobPieces: Sendable {
  private let blob: Descriptor
  private let repository: RemoteRepository
  private let fetching = Mutex<Fetching?>(nil)

  private struct Fetching {
    let task: Task<Void, Never>
    let pieces: PieceQueue
  }

  init(_ blob: Descriptor, in repository: RemoteRepository) {
    self.blob = blob
    self.repository = repository
  }

  /// Begins to fetch; what an earlier call began ends.
  func begin() -> HTTPBody.NextPiece {
    let pieces = PieceQueue(limit: 4)
    let (blob, repository) = (blob, repository)
    let task = Task {
      do {
        try await repository.stream(blob) { try await pieces.put($0) }
        await pieces.finish()
      } catch {
        await pieces.finish(throwing: error)
      }
    }
    fetching.withLock { previous in
      previous?.task.cancel()
      previous = Fetching(task: task, pieces: pieces)
    }
    return { try await pieces.next() }
  }

  func stop() {
    fetching.withLock { $0.take()?.task.cancel() }
  }

  /// Why there is nothing more to be had; nil where that is not to blame.
  var failure: (any Error)? {
    get async { await fetching.withLock { $0?.pieces }?.failure }
  }
}

/// Pieces on their way from one task to another; the one waits for the other.
actor PieceQueue {
  private let limit: Int
  private var pieces: [[UInt8]] = []
  private var end: Result<Void, any Error>?
  private var producer: CheckedContinuation<Void, Never>?
  private var consumer: CheckedContinuation<Void, Never>?

  init(limit: Int) {
    self.limit = limit
  }

  /// Waits while the queue is full. Throws `CancellationError`.
  func put(_ piece: [UInt8]) async throws {
    while pieces.count >= limit {
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { producer = $0 }
      } onCancel: {
        Task { await self.wakeProducer() }
      }
    }
    try Task.checkCancellation()
    pieces.append(piece)
    wakeConsumer()
  }

  func finish() {
    end = end ?? .success(())
    wakeConsumer()
  }

  func finish(throwing error: any Error) {
    end = end ?? .failure(error)
    wakeConsumer()
  }

  /// Why there is no more; nil also where that is only because nobody wants it.
  var failure: (any Error)? {
    if case .failure(let error) = end, !(error is CancellationError) { error } else { nil }
  }

  /// The next piece; nil at the end.
  func next() async throws -> [UInt8]? {
    while true {
      if !pieces.isEmpty {
        wakeProducer()
        return pieces.removeFirst()
      }
      if let end {
        try end.get()
        return nil
      }
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { consumer = $0 }
      } onCancel: {
        Task { await self.wakeConsumer() }
      }
    }
  }

  private func wakeProducer() {
    producer.take()?.resume()
  }

  private func wakeConsumer() {
    consumer.take()?.resume()
  }
}
