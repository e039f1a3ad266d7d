import Archive

/// Refuses to unpack more than a multiple of what was read for it so far: the brake on decompression
/// bombs for streams whose length nobody knows.
final class RatioLimitedSource: ByteSource {
  private let source: any ByteSource
  private let compressed: CountingSource
  private let floor: Int64
  private let ratio: Int64
  private var produced: Int64 = 0

  /// `compressed` is what `source` reads from.
  init(_ source: any ByteSource, compressed: CountingSource, floor: Int64, ratio: Int64) {
    self.source = source
    self.compressed = compressed
    self.floor = floor
    self.ratio = ratio
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try source.read(into: buffer)
    produced += Int64(count)
    let (product, overflow) = compressed.byteCount.multipliedReportingOverflow(by: ratio)
    let limit = max(floor, overflow ? .max : product)
    guard produced <= limit else { throw ArchiveError.tooLarge(limit: limit) }
    return count
  }
}
