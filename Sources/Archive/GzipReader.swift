internal import CZlib

/// Decompresses gzip (RFC 1952) as a stream: any number of members, each with its checksum and length
/// verified.
///
/// Zeros after the last member are padding, as tape blocks leave it; anything else there is
/// ``ArchiveError/trailingGarbage(_:)``. A stream that ends early is ``ArchiveError/truncated(_:)``.
package final class GzipReader: ByteSource {
  private enum State { case inMember, betweenMembers, padding, atEnd }

  private let input: CompressedInput
  /// On the heap: zlib keeps a pointer to it.
  private let stream: UnsafeMutablePointer<z_stream>
  private var state = State.inMember

  /// Throws ``ArchiveError/compressorUnavailable(_:level:)`` when there is no memory.
  package init(_ source: any ByteSource) throws {
    input = CompressedInput(source)
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for the gzip format: `inflateInit2` is a macro.
    let result = inflateInit2_(
      stream, 15 + 16, zlibVersion(), Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { throw ArchiveError.compressorUnavailable(.gzip, level: 0) }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if buffer.isEmpty { return 0 }
    while true {
      switch state {
      case .inMember:
        let count = try inflateSome(into: buffer)
        if count > 0 { return count }
      case .betweenMembers:
        try startNextMember()
      case .padding:
        try skipZeros()
      case .atEnd:
        return 0
      }
    }
  }

  private func inflateSome(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try input.fill(atLeast: 1)
    let available = input.bytes
    let room = min(buffer.count, Int(UInt32.max))
    stream.pointee.next_in = available.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_in = UInt32(available.count)
    stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(room)
    let result = inflate(stream, Z_NO_FLUSH)
    input.consume(available.count - Int(stream.pointee.avail_in))
    let produced = room - Int(stream.pointee.avail_out)
    switch result {
    case Z_STREAM_END:
      state = .betweenMembers
    case Z_OK, Z_BUF_ERROR:
      if produced == 0, available.isEmpty { throw ArchiveError.truncated("the gzip data") }
    case Z_MEM_ERROR:
      throw ArchiveError.compressorUnavailable(.gzip, level: 0)
    default:
      let message = stream.pointee.msg.map { String(cString: $0) } ?? "it cannot be decoded"
      throw ArchiveError.corrupt(.gzip, message)
    }
    return produced
  }

  private func startNextMember() throws {
    try input.fill(atLeast: 2)
    let next = input.bytes
    if next.isEmpty {
      state = .atEnd
    } else if next[0] == 0 {
      state = .padding
    } else if next.count >= 2, next[0] == 0x1f, next[1] == 0x8b {
      inflateReset(stream)
      state = .inMember
    } else {
      throw ArchiveError.trailingGarbage(.gzip)
    }
  }

  private func skipZeros() throws {
    try input.fill(atLeast: 1)
    let next = input.bytes
    if next.isEmpty { state = .atEnd }
    guard next.allSatisfy({ $0 == 0 }) else { throw ArchiveError.trailingGarbage(.gzip) }
    input.consume(next.count)
  }
}
