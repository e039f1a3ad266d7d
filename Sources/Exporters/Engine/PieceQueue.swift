import Archive
import OCI
import Synchronization

/// Hands what a thread writes to a task that reads it, a few pieces at a time: the thread waits while
/// the task is behind, so memory is bounded.
final class PieceQueue: ByteSink, Sendable {
  private static let pieceSize = 256 << 10
  private static let mostPieces = 4

  private let state = Mutex(State())

  private struct State {
    /// What is written and not yet a whole piece; the writing thread's alone.
    var unfinished: [UInt8] = []
    var pieces: [[UInt8]] = []
    var end: End?
    /// The thread that waits for room.
    var writer: BlockingSignal?
    /// The task that waits for a piece.
    var reader: CheckedContinuation<[UInt8]?, any Error>?

    mutating func takeReader() -> CheckedContinuation<[UInt8]?, any Error>? {
      defer { reader = nil }
      return reader
    }

    mutating func takeWriter() -> BlockingSignal? {
      defer { writer = nil }
      return writer
    }
  }

  private enum End {
    case finished
    case failed(any Error)
  }

  // MARK: - The thread

  /// Blocks the thread while the reader is behind. Throws `CancellationError` when nobody reads any
  /// more.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    let isWhole = state.withLock { state in
      state.unfinished += bytes
      return state.unfinished.count >= PieceQueue.pieceSize
    }
    if isWhole { try handOver() }
  }

  /// Hands over what is left, and ends the pieces: with `error`, the reader gets that instead.
  func finish(_ error: (any Error)? = nil) {
    if error == nil { try? handOver() }
    let reader = state.withLock { state in
      if state.end == nil { state.end = error.map { .failed($0) } ?? .finished }
      return state.takeReader()
    }
    guard let reader else { return }
    if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
  }

  private func handOver() throws {
    while true {
      let room = BlockingSignal()
      let (hasRoom, reader, piece) = try state.withLock { state in
        if let end = state.end {
          if case .failed(let error) = end { throw error }
          throw CancellationError()
        }
        guard !state.unfinished.isEmpty else {
          return (true, CheckedContinuation<[UInt8]?, any Error>?.none, [UInt8]())
        }
        guard state.pieces.count < PieceQueue.mostPieces else {
          state.writer = room
          return (false, nil, [])
        }
        let piece = state.unfinished
        state.unfinished = []
        let reader = state.takeReader()
        // Who waits has taken all that there was before.
        if reader == nil { state.pieces.append(piece) }
        return (true, reader, piece)
      }
      reader?.resume(returning: piece)
      if hasRoom { return }
      room.wait()
    }
  }

  // MARK: - The task

  /// The next piece, never empty; nil at the end. Throws what the thread failed with. One task at a
  /// time; when it is cancelled, the thread stops too.
  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let writer = state.withLock { state -> BlockingSignal? in
          if !state.pieces.isEmpty {
            continuation.resume(returning: state.pieces.removeFirst())
            return state.takeWriter()
          }
          switch state.end {
          case .finished: continuation.resume(returning: nil)
          case .failed(let error): continuation.resume(throwing: error)
          case nil: state.reader = continuation
          }
          return nil
        }
        writer?.send()
      }
    } onCancel: {
      abandon()
    }
  }

  /// Nobody reads any more: the thread stops at its next piece.
  func abandon() {
    let (reader, writer) = state.withLock { state in
      if state.end == nil { state.end = .failed(CancellationError()) }
      return (state.takeReader(), state.takeWriter())
    }
    reader?.resume(throwing: CancellationError())
    writer?.send()
  }
}
