/// Hands out an array.
package final class MemorySource: ByteSource {
  private let bytes: [UInt8]
  private var position = 0
  private let largestRead: Int

  /// `largestRead` caps what one read returns, to stand in for sources that come in small pieces.
  package init(_ bytes: [UInt8], largestRead: Int = .max) {
    self.bytes = bytes
    self.largestRead = largestRead
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, bytes.count - position, largestRead)
    bytes.withUnsafeBytes { all in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[position..<position + count]))
    }
    position += count
    return count
  }
}
