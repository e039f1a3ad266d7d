internal import CDeflate

/// Makes gzip members (RFC 1952) out of blocks with libdeflate, which gives equal bytes for equal
/// input and level, whatever was compressed before.
///
/// Used by one thread at a time, which is what makes it fit to be handed to a thread.
final class DeflateCompressor: @unchecked Sendable {
  private static let headerLength = 10
  private static let trailerLength = 8

  private let handle: OpaquePointer

  init(level: Int) throws(ArchiveError) {
    guard
      let level32 = Int32(exactly: level), (0...12).contains(level),
      let handle = libdeflate_alloc_compressor(level32)
    else { throw .compressorUnavailable(.gzip, level: level) }
    self.handle = handle
  }

  deinit {
    libdeflate_free_compressor(handle)
  }

  /// Room enough for the member of any block of this length, at any level.
  static func bound(for blockSize: Int) -> Int {
    headerLength + libdeflate_deflate_compress_bound(nil, blockSize) + trailerLength
  }

  /// Writes one member and returns its length; nil if `output` is smaller than ``bound(for:)``.
  ///
  ///     offset  size  value
  ///          0     2  1f 8b
  ///          2     1  8, deflate
  ///          3     1  0, no optional fields
  ///          4     4  0, no time
  ///          8     1  0, no word on the level
  ///          9     1  255, no word on the operating system
  ///         10     n  deflate data
  ///     10 + n     4  CRC-32 of the block, little-endian
  ///     14 + n     4  its length
  func compress(_ block: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int?
  {
    guard output.count >= Self.bound(for: block.count) else { return nil }
    output.copyBytes(from: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
    // libdeflate wants a pointer, even to nothing.
    let start = block.baseAddress ?? UnsafeRawPointer(output.baseAddress)
    let body = UnsafeMutableRawBufferPointer(
      rebasing: output[Self.headerLength..<output.count - Self.trailerLength])
    let length = libdeflate_deflate_compress(
      handle, start, block.count, body.baseAddress, body.count)
    if length == 0 { return nil }
    let checksum = libdeflate_crc32(0, start, block.count)
    let trailer = Self.headerLength + length
    output.storeBytes(of: checksum.littleEndian, toByteOffset: trailer, as: UInt32.self)
    output.storeBytes(
      of: UInt32(truncatingIfNeeded: block.count).littleEndian,
      toByteOffset: trailer + 4, as: UInt32.self)
    return trailer + Self.trailerLength
  }
}
