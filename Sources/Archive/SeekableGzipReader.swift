internal import CDeflate

/// Reads any part of a blob that ``BlockGzipWriter`` made, decompressing only the blocks it lies in.
///
/// Keeps the last block it decompressed, so small reads one after the other are cheap. Not
/// thread-safe; several readers may share a file.
package final class SeekableGzipReader {
  /// Fills as much of the buffer as the blob has from this offset on, like `pread`; 0 at its end.
  package typealias PositionalRead = (UnsafeMutableRawBufferPointer, _ offset: Int64) throws -> Int

  private let index: GzipBlockIndex
  private let positionalRead: PositionalRead
  private let decompressor: OpaquePointer
  private var compressed: [UInt8] = []
  private var cached: (block: Int, contents: UnsafeMutableRawBufferPointer)?

  /// Throws ``ArchiveError/badBlockIndex(_:)`` for an index that cannot be one.
  package init(index: GzipBlockIndex, read: @escaping PositionalRead) throws {
    try index.validate()
    guard let decompressor = libdeflate_alloc_decompressor() else {
      throw ArchiveError.compressorUnavailable(.gzip, level: 0)
    }
    self.index = index
    self.positionalRead = read
    self.decompressor = decompressor
  }

  deinit {
    libdeflate_free_decompressor(decompressor)
    cached?.contents.deallocate()
  }

  /// Fills `buffer` with the uncompressed stream from `offset` on; returns less than its size only at
  /// the end of the stream, 0 beyond it.
  ///
  /// Throws ``ArchiveError/corrupt(_:_:)`` when a block does not decompress to what the index and
  /// its checksum say.
  package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard offset >= 0, offset < index.uncompressedSize else { return 0 }
    let wanted = Int(min(Int64(buffer.count), index.uncompressedSize - offset))
    var filled = 0
    while filled < wanted {
      let position = offset + Int64(filled)
      let block = Int(position / Int64(index.blockSize))
      let start = Int(position % Int64(index.blockSize))
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<wanted])
      let length = index.length(ofBlock: block)
      if start == 0, rest.count >= length, cached?.block != block {
        try decompress(block, into: UnsafeMutableRawBufferPointer(rebasing: rest[..<length]))
        filled += length
      } else {
        let contents = try contents(ofBlock: block)
        let count = min(rest.count, length - start)
        rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: contents[start..<start + count]))
        filled += count
      }
    }
    return filled
  }

  /// A part of the uncompressed stream as a source, cut off at the end of the stream.
  ///
  /// The source keeps the reader; take turns with others that use it.
  package func source(from offset: Int64, length: Int64) -> any ByteSource {
    SeekableGzipRange(reader: self, offset: offset, length: length)
  }

  private func contents(ofBlock block: Int) throws -> UnsafeRawBufferPointer {
    if let cached, cached.block == block { return UnsafeRawBufferPointer(cached.contents) }
    let memory =
      cached?.contents ?? .allocate(byteCount: index.blockSize, alignment: 64)
    // No block while it is being overwritten: an error leaves nothing half-done behind.
    cached = (-1, memory)
    let length = index.length(ofBlock: block)
    try decompress(block, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<length]))
    cached = (block, memory)
    return UnsafeRawBufferPointer(memory)
  }

  private func decompress(_ block: Int, into output: UnsafeMutableRawBufferPointer) throws {
    let start = index.blockOffsets[block]
    let length = Int(index.blockOffsets[block + 1] - start)
    if compressed.count < length {
      compressed = [UInt8](repeating: 0, count: DeflateCompressor.bound(for: index.blockSize))
    }
    try compressed.withUnsafeMutableBytes { room in
      let member = UnsafeMutableRawBufferPointer(rebasing: room[..<length])
      try readFully(member, at: start)
      var used = 0
      var produced = 0
      let result = libdeflate_gzip_decompress_ex(
        decompressor, member.baseAddress, member.count, output.baseAddress, output.count, &used,
        &produced)
      guard result == LIBDEFLATE_SUCCESS, used == member.count, produced == output.count else {
        throw ArchiveError.corrupt(.gzip, "the block at byte \(start) does not decompress")
      }
    }
  }

  private func readFully(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws {
    var filled = 0
    while filled < buffer.count {
      let count = try positionalRead(
        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), offset + Int64(filled))
      guard count > 0 else { throw ArchiveError.truncated("a gzip block") }
      filled += count
    }
  }
}

private final class SeekableGzipRange: ByteSource {
  private let reader: SeekableGzipReader
  private var offset: Int64
  private var remaining: Int64

  init(reader: SeekableGzipReader, offset: Int64, length: Int64) {
    self.reader = reader
    self.offset = offset
    self.remaining = max(length, 0)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = Int(min(Int64(buffer.count), remaining))
    let count = try reader.read(
      at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    offset += Int64(count)
    remaining -= Int64(count)
    return count
  }
}
