/// Refuses to hand out more bytes than it was allowed: the brake on decompression bombs.
package final class LimitedSource: ByteSource {
  private let source: any ByteSource
  package let limit: Int64
  private var remaining: Int64

  /// A source of exactly `limit` bytes passes; with one more, the read that meets it throws
  /// ``ArchiveError/tooLarge(limit:)``.
  package init(_ source: any ByteSource, limit: Int64) {
    self.source = source
    self.limit = max(limit, 0)
    self.remaining = max(limit, 0)
  }

  /// Bounds what `compressedSize` bytes may grow to: `ratio` times as much, and at least `floor`,
  /// because small files of zeros are common and harmless.
  package convenience init(
    _ source: any ByteSource, compressedSize: Int64, ratio: Int64, floor: Int64
  ) {
    let (product, overflow) = max(compressedSize, 0).multipliedReportingOverflow(by: max(ratio, 1))
    self.init(source, limit: max(overflow ? .max : product, floor))
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    // One byte more than allowed is asked for, to tell "exactly at the limit" from "beyond it".
    let wanted = remaining < Int64(buffer.count) ? Int(remaining) + 1 : buffer.count
    let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    guard Int64(count) <= remaining else { throw ArchiveError.tooLarge(limit: limit) }
    remaining -= Int64(count)
    return count
  }
}
