/// Somewhere bytes come from, in order, once.
package protocol ByteSource: AnyObject {
  /// Fills as much of `buffer` as is at hand, at least one byte, and returns how many; 0 only at the
  /// end (or when `buffer` is empty). Once at the end, stays there.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

extension ByteSource {
  /// Fills all of `buffer` unless the source ends first; returns how many bytes there were.
  package func readFully(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Everything up to the end, as an array; throws ``ArchiveError/tooLarge(limit:)`` beyond `limit`
  /// bytes.
  package func readAll(limit: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    try withScratchBuffer(byteCount: 64 << 10) { buffer in
      while case let count = try read(into: buffer), count > 0 {
        guard count <= limit - result.count else {
          throw ArchiveError.tooLarge(limit: Int64(limit))
        }
        result.append(contentsOf: buffer[..<count])
      }
    }
    return result
  }

  /// Moves everything up to the end to a sink; returns how many bytes there were.
  @discardableResult
  package func copy(to sink: any ByteSink) throws -> Int64 {
    var total: Int64 = 0
    try withScratchBuffer(byteCount: 256 << 10) { buffer in
      while case let count = try read(into: buffer), count > 0 {
        try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        total += Int64(count)
      }
    }
    return total
  }
}

/// Runs `body` with heap memory that is gone afterwards, whatever happens.
func withScratchBuffer<Result>(
  byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
) rethrows -> Result {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
  defer { buffer.deallocate() }
  return try body(buffer)
}
