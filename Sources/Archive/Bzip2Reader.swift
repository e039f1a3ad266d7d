internal import CBzip2

/// Decompresses bzip2 as a stream: any number of streams one behind the other, as `pbzip2` writes
/// them, each with its checksums verified.
///
/// A stream needs less than 4 MiB of memory, whatever it claims. Zeros after the last one are
/// padding; anything else there is ``ArchiveError/trailingGarbage(_:)``.
package final class Bzip2Reader: ByteSource {
  private enum State { case inStream, betweenStreams, atEnd }

  private let input: CompressedInput
  /// On the heap: libbz2 keeps a pointer to it.
  private let stream: UnsafeMutablePointer<bz_stream>
  private var state = State.inStream

  /// Throws ``ArchiveError/decompressorUnavailable(_:)`` when there is no memory.
  package init(_ source: any ByteSource) throws {
    input = CompressedInput(source)
    stream = .allocate(capacity: 1)
    stream.initialize(to: bz_stream())
    try start()
  }

  deinit {
    BZ2_bzDecompressEnd(stream)
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
    guard BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else {
      throw ArchiveError.decompressorUnavailable(.bzip2)
    }
  }

  private func decompressSome(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try input.fill(atLeast: 1)
    let available = input.bytes
    let room = min(buffer.count, Int(UInt32.max))
    stream.pointee.next_in = available.bindMemory(to: CChar.self).baseAddress
    stream.pointee.avail_in = UInt32(available.count)
    stream.pointee.next_out = buffer.bindMemory(to: CChar.self).baseAddress
    stream.pointee.avail_out = UInt32(room)
    let result = BZ2_bzDecompress(stream)
    input.consume(available.count - Int(stream.pointee.avail_in))
    let produced = room - Int(stream.pointee.avail_out)
    switch result {
    case BZ_STREAM_END: state = .betweenStreams
    case BZ_OK:
      if produced == 0, available.isEmpty { throw ArchiveError.truncated("the bzip2 data") }
    case BZ_MEM_ERROR: throw ArchiveError.decompressorUnavailable(.bzip2)
    case BZ_DATA_ERROR_MAGIC: throw ArchiveError.corrupt(.bzip2, "it does not start as bzip2 does")
    default: throw ArchiveError.corrupt(.bzip2, "a checksum or a code is wrong")
    }
    return produced
  }

  private func startNextStream() throws {
    switch try input.continuation(magic: Array("BZh".utf8)) {
    case .end: state = .atEnd
    case .garbage: throw ArchiveError.trailingGarbage(.bzip2)
    case .stream:
      BZ2_bzDecompressEnd(stream)
      stream.pointee = bz_stream()
      try start()
      state = .inStream
    }
  }
}
