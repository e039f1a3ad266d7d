internal import CZstd

/// Decompresses Zstandard (RFC 8878) as a stream: any number of frames, skippable ones among them,
/// checksums verified where there are any.
///
/// A frame that needs a window of more than 128 MiB is refused: the window is what a hostile frame
/// makes the reader allocate.
package final class ZstdReader: ByteSource {
  /// As a power of two: what `zstd` itself decompresses without being asked.
  private static let largestWindowLog: Int32 = 27

  private let input: CompressedInput
  private let context: OpaquePointer
  /// A stream of no frame at all is not Zstandard, so one is missing from the start.
  private var isInFrame = true
  private var finishedFrames = 0

  /// Throws ``ArchiveError/compressorUnavailable(_:level:)`` when there is no memory.
  package init(_ source: any ByteSource) throws {
    guard let context = ZSTD_createDCtx() else {
      throw ArchiveError.compressorUnavailable(.zstd, level: 0)
    }
    self.context = context
    self.input = CompressedInput(source)
    try check(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.largestWindowLog))
  }

  deinit {
    ZSTD_freeDCtx(context)
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if buffer.isEmpty { return 0 }
    while true {
      try input.fill(atLeast: 1)
      let available = input.bytes
      if available.isEmpty, !isInFrame { return 0 }
      var source = ZSTD_inBuffer(
        src: UnsafeRawPointer(available.baseAddress), size: available.count, pos: 0)
      var destination = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
      let result = ZSTD_decompressStream(context, &destination, &source)
      try check(result)
      input.consume(source.pos)
      isInFrame = result != 0
      if !isInFrame { finishedFrames += 1 }
      if destination.pos > 0 { return destination.pos }
      // With nothing to read and nothing left inside, the frame will not end.
      if isInFrame, available.isEmpty { throw ArchiveError.truncated("the zstd data") }
    }
  }

  private func check(_ result: Int) throws(ArchiveError) {
    guard ZSTD_isError(result) != 0 else { return }
    let code = ZSTD_getErrorCode(result)
    if code == ZSTD_error_prefix_unknown, finishedFrames > 0 { throw .trailingGarbage(.zstd) }
    throw .corrupt(.zstd, String(cString: ZSTD_getErrorName(result)))
  }
}
