/// Somewhere bytes go, in order.
///
/// Sinks are references, so that a chain of them (tar, tee, gzip, file) is held together by plain
/// properties. Whoever gathers bytes (``TarWriter``, ``BlockGzipWriter``) hands them on in large
/// pieces; so sinks at the end of a chain need no buffer, and nobody has to remember a flush. A sink
/// that transforms has a `finish()` of its own, to be called after the last write.
package protocol ByteSink: AnyObject {
  /// Takes all of `bytes`, or throws. The memory is the caller's again afterwards.
  func write(_ bytes: UnsafeRawBufferPointer) throws
}

extension ByteSink {
  /// Takes all of an array.
  package func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }
}
