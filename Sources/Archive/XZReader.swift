internal import CLZMA

/// Decompresses .xz (the XZ file format, version 1.1) as a stream: any number of streams one behind
/// the other, with the padding that the format allows, every check verified.
///
/// What needs more than 256 MiB of memory is refused: the dictionary is what a hostile stream makes
/// the reader allocate. `xz -9` needs 65 MiB.
package final class XZReader: ByteSource {
  private static let memoryLimit: UInt64 = 256 << 20
  private static let magic: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]

  private enum State { case inStream, betweenStreams, atEnd }

  private let input: CompressedInput
  /// On the heap: liblzma keeps a pointer to it.
  private let stream: UnsafeMutablePointer<lzma_stream>
  private var state = State.inStream

  /// Throws ``ArchiveError/decompressorUnavailable(_:)`` when there is no memory.
  package init(_ source: any ByteSource) throws {
    input = CompressedInput(source)
    stream = .allocate(capacity: 1)
    // Zeros are what `LZMA_STREAM_INIT` is.
    stream.initialize(to: lzma_stream())
    try start()
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if buffer.isEmpty { return 0 }
    while true {
      switch state {
      case .inStream:
        let count = try decompressSome(into: buffer)
        if count > 0 { return count }
      // Only now: what the last stream gave is to be had even where garbage follows it.
      case .betweenStreams: try startNextStream()
      case .atEnd: return 0
      }
    }
  }

  private func start() throws {
    guard lzma_stream_decoder(stream, Self.memoryLimit, 0) == LZMA_OK else {
      throw ArchiveError.decompressorUnavailable(.xz)
    }
  }

  private func decompressSome(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try input.fill(atLeast: 1)
    let available = input.bytes
    stream.pointee.next_in = UnsafePointer(available.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = available.count
    stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = buffer.count
    let result = lzma_code(stream, available.isEmpty ? LZMA_FINISH : LZMA_RUN)
    input.consume(available.count - stream.pointee.avail_in)
    let produced = buffer.count - stream.pointee.avail_out
    switch result {
    case LZMA_OK: break
    case LZMA_STREAM_END: state = .betweenStreams
    default: throw error(result)
    }
    return produced
  }

  private func startNextStream() throws {
    switch try input.continuation(magic: Self.magic) {
    case .end: state = .atEnd
    case .garbage: throw ArchiveError.trailingGarbage(.xz)
    // A decoder may be started anew without having been ended.
    case .stream:
      try start()
      state = .inStream
    }
  }

  private func error(_ result: lzma_ret) -> ArchiveError {
    switch result {
    case LZMA_BUF_ERROR: return .truncated("the xz data")
    case LZMA_MEM_ERROR: return .decompressorUnavailable(.xz)
    case LZMA_MEMLIMIT_ERROR: return .needsMemory(.xz, limit: Self.memoryLimit)
    case LZMA_OPTIONS_ERROR: return .corrupt(.xz, "it uses a filter or check that is not known")
    case LZMA_FORMAT_ERROR: return .corrupt(.xz, "it does not start as xz does")
    default: return .corrupt(.xz, "a check or a code is wrong")
    }
  }
}
