/// Writes gzip (RFC 1952) on several cores, with the same bytes whatever their number.
///
/// The stream is cut every ``GzipBlockIndex/standardBlockSize`` bytes, each block is compressed by
/// itself into a gzip member of its own, and the members follow one another in order: one valid
/// stream for every reader that follows the specification, 0.1 % larger than a single member.
/// Because no block needs another, ``SeekableGzipReader`` can read from the middle.
///
/// The sink is called on the thread that writes here, which waits when too many blocks are in flight;
/// so memory is bounded, and this belongs on no thread that must not block. A stream of one block
/// starts no thread. Not thread-safe. After an error the blob is unfinished and the writer of no
/// further use.
package final class BlockGzipWriter: ByteSink {
  /// Close to the smallest that deflate can be at 2.5 times the speed of zlib's own 6.
  package static let standardLevel = 6

  /// Beyond this more threads are more memory (two blocks each) for little.
  private static let mostThreads = 16

  private let sink: any ByteSink
  private let level: Int
  private let threads: Int
  private let compressor: DeflateCompressor
  private var pool: CompressionPool?
  private var current: CompressionBlock?
  /// In the order of the stream.
  private var inFlight: [CompressionBlock] = []
  private var spare: [CompressionBlock] = []
  private var index = GzipBlockIndex(
    blockSize: GzipBlockIndex.standardBlockSize, uncompressedSize: 0, blockOffsets: [0])
  private var isFinished = false

  /// `level` is libdeflate's, 0 (stored) to 12; `threads` is how many may compress at once, by
  /// default as many as there are processors.
  ///
  /// Throws ``ArchiveError/compressorUnavailable(_:level:)``.
  package init(
    _ sink: any ByteSink, level: Int = BlockGzipWriter.standardLevel, threads: Int? = nil
  ) throws {
    self.sink = sink
    self.level = level
    self.threads = min(max(threads ?? CompressionPool.availableProcessors, 1), Self.mostThreads)
    self.compressor = try DeflateCompressor(level: level)
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      // A full block waits for the byte after it: only then is it known not to be the only one.
      if let full = current, full.isFull {
        current = nil
        try dispatch(full)
      }
      let block = takeBlock()
      current = block
      let count = block.fill(from: rest)
      index.uncompressedSize += Int64(count)
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Compresses what is left and hands it to the sink, which then has the whole blob.
  ///
  /// Nothing at all becomes one empty member. A second call only returns the index again.
  package func finish() throws -> GzipBlockIndex {
    if isFinished { return index }
    let last = takeBlock()
    current = nil
    if let pool {
      pool.submit(last)
      inFlight.append(last)
      while !inFlight.isEmpty { try emitOldest(of: pool) }
    } else {
      last.compress(with: compressor)
      try emit(last)
    }
    pool = nil
    spare = []
    isFinished = true
    return index
  }

  private func takeBlock() -> CompressionBlock {
    current ?? spare.popLast() ?? CompressionBlock(size: GzipBlockIndex.standardBlockSize)
  }

  /// Compresses a block that another one follows.
  private func dispatch(_ block: CompressionBlock) throws {
    if pool == nil, threads > 1 { pool = try CompressionPool(threads: threads, level: level) }
    guard let pool, pool.threadCount > 0 else {
      block.compress(with: compressor)
      return try emit(block)
    }
    pool.submit(block)
    inFlight.append(block)
    if inFlight.count >= 2 * pool.threadCount { try emitOldest(of: pool) }
  }

  private func emitOldest(of pool: CompressionPool) throws {
    let oldest = inFlight.removeFirst()
    pool.wait(for: oldest)
    try emit(oldest)
  }

  private func emit(_ block: CompressionBlock) throws {
    guard let result = block.result else {
      throw ArchiveError.compressorUnavailable(.gzip, level: level)
    }
    try sink.write(result)
    index.blockOffsets.append((index.blockOffsets.last ?? 0) + Int64(result.count))
    block.empty()
    spare.append(block)
  }
}
