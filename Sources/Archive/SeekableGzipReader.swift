package final class SeekableGzipReader {
  package typealias PositionalRead = (_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int64)
    throws -> Int
  package init(index: GzipBlockIndex, read: @escaping PositionalRead) throws {}
  /// Some of the uncompressed stream from `offset` on; 0 only at its end.
  package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    0
  }
}
