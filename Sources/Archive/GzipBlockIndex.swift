/// Where the blocks of a blob made by ``BlockGzipWriter`` start.
package struct GzipBlockIndex: Hashable, Sendable, Codable {
  /// Part of what a layer's digest depends on: not to be changed without need.
  package static let standardBlockSize = 1 << 20

  /// Of each block but the last, uncompressed.
  package var blockSize: Int
  package var uncompressedSize: Int64
  /// In the blob, one for each block, and one more: where the last one ends, the blob's size.
  package var blockOffsets: [Int64]

  package init(blockSize: Int, uncompressedSize: Int64, blockOffsets: [Int64]) {
    self.blockSize = blockSize
    self.uncompressedSize = uncompressedSize
    self.blockOffsets = blockOffsets
  }

  package var blockCount: Int { max(blockOffsets.count - 1, 0) }
  package var compressedSize: Int64 { blockOffsets.last ?? 0 }

  /// How long a block is, uncompressed.
  func length(ofBlock block: Int) -> Int {
    Int(min(Int64(blockSize), uncompressedSize - Int64(block) * Int64(blockSize)))
  }

  /// Throws ``ArchiveError/badBlockIndex(_:)`` unless the numbers fit one another: it may have been
  /// read from a file.
  package func validate() throws(ArchiveError) {
    guard (1...64 << 20).contains(blockSize), uncompressedSize >= 0 else {
      throw .badBlockIndex("its sizes are out of range")
    }
    let blocks =
      uncompressedSize / Int64(blockSize) + (uncompressedSize % Int64(blockSize)).signum()
    guard blockOffsets.first == 0, Int64(blockOffsets.count) == max(blocks, 1) + 1 else {
      throw .badBlockIndex("it has \(blockOffsets.count) offsets for \(blocks) blocks")
    }
    let longest = Int64(DeflateCompressor.bound(for: blockSize))
    for (start, end) in zip(blockOffsets, blockOffsets.dropFirst()) {
      let (length, overflow) = end.subtractingReportingOverflow(start)
      guard !overflow, (1...longest).contains(length) else {
        throw .badBlockIndex("a block of \(length) bytes starts at \(start)")
      }
    }
  }
}
