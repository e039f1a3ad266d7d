/// The buffer between a source and a decompressor that takes its input in pieces.
final class CompressedInput {
  private let source: any ByteSource
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
  private var unread = 0..<0
  private var sourceIsAtEnd = false

  init(_ source: any ByteSource) {
    self.source = source
  }

  deinit {
    buffer.deallocate()
  }

  /// What was read and not consumed; empty, after ``fill(atLeast:)``, only at the end.
  var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: buffer[unread])
  }

  /// Reads until so many bytes are at hand, or all there are; `count` must be small.
  func fill(atLeast count: Int) throws {
    if unread.count >= count || sourceIsAtEnd { return }
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[unread]))
    unread = 0..<unread.count
    while unread.count < count {
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[unread.upperBound...])
      let read = try source.read(into: room)
      if read == 0 {
        sourceIsAtEnd = true
        return
      }
      unread = 0..<unread.count + read
    }
  }

  func consume(_ count: Int) {
    unread.removeFirst(count)
  }

  /// What comes behind the end of a stream, past zeros, which are padding.
  enum Continuation { case end, stream, garbage }

  /// Looks behind the end of a stream whether another one starts with `magic`.
  func continuation(magic: [UInt8]) throws -> Continuation {
    while true {
      try fill(atLeast: magic.count)
      if bytes.isEmpty { return .end }
      let zeros = bytes.prefix { $0 == 0 }.count
      if zeros == 0 { return bytes.starts(with: magic) ? .stream : .garbage }
      consume(zeros)
    }
  }
}
