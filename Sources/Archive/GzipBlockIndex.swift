package struct GzipBlockIndex: Hashable, Sendable, Codable {
  package var uncompressedSize: Int64
  /// Where each block starts in the blob, and one more: where the last one ends.
  package var blockOffsets: [Int64]
}
