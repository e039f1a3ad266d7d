import Glibc
internal import OCI

/// Standard input, piece by piece.
enum StandardInput {
  /// So many bytes, or all that there are.
  static func read(atLeast count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, let piece = try nextPiece(count - bytes.count) { bytes += piece }
    return bytes
  }

  /// Some bytes; nil at the end. Blocks.
  static func nextPiece(_ limit: Int = 256 << 10) throws -> [UInt8]? {
    let piece = try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      repeat {
        count = Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
      } while count < 0 && errno == EINTR
      guard count < 0 else { return }
      count = 0
      throw SystemCallError("read", "standard input")
    }
    return piece.isEmpty ? nil : piece
  }
}
