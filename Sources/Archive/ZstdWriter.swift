internal import CZstd

/// Writes one Zstandard frame (RFC 8878) with a checksum: the same bytes for the same stream and
/// level, however it is cut into writes.
///
/// zstd's output may depend on the size of the pieces that it is given, so it gets them in a size of
/// ours. One thread. Not thread-safe.
package final class ZstdWriter: ByteSink {
  package static let standardLevel = 3

  private static let pieceSize = 1 << 20

  private let sink: any ByteSink
  private let context: OpaquePointer
  private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)
  private var pieceLength = 0
  private let output = UnsafeMutableRawBufferPointer.allocate(
    byteCount: ZSTD_compressBound(pieceSize), alignment: 64)
  private var isFinished = false

  /// `level` is zstd's: 1 to 22, or below 0 for faster still; 0 is its default.
  ///
  /// Throws ``ArchiveError/compressorUnavailable(_:level:)`` for levels that do not exist.
  package init(_ sink: any ByteSink, level: Int = ZstdWriter.standardLevel) throws {
    guard let context = ZSTD_createCCtx() else {
      throw ArchiveError.compressorUnavailable(.zstd, level: level)
    }
    self.sink = sink
    self.context = context
    let levels = Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel())
    guard levels.contains(level),
      ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))) == 0,
      ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) == 0
    else { throw ArchiveError.compressorUnavailable(.zstd, level: level) }
  }

  deinit {
    ZSTD_freeCCtx(context)
    piece.deallocate()
    output.deallocate()
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      if pieceLength == piece.count { try compressPiece(ZSTD_e_continue) }
      let count = min(rest.count, piece.count - pieceLength)
      UnsafeMutableRawBufferPointer(rebasing: piece[pieceLength...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
      pieceLength += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Ends the frame; more than once does no harm.
  package func finish() throws {
    if isFinished { return }
    try compressPiece(ZSTD_e_end)
    isFinished = true
  }

  private func compressPiece(_ directive: ZSTD_EndDirective) throws {
    var source = ZSTD_inBuffer(
      src: UnsafeRawPointer(piece.baseAddress), size: pieceLength, pos: 0)
    var isDone = false
    while !isDone {
      var destination = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      let left = ZSTD_compressStream2(context, &destination, &source, directive)
      guard ZSTD_isError(left) == 0 else {
        throw ArchiveError.corrupt(.zstd, String(cString: ZSTD_getErrorName(left)))
      }
      try sink.write(UnsafeRawBufferPointer(rebasing: output[..<destination.pos]))
      isDone = directive == ZSTD_e_end ? left == 0 : source.pos == source.size
    }
    pieceLength = 0
  }
}
