/// How a stream is compressed, by its first bytes.
package enum CompressionFormat: String, Hashable, Sendable, Codable {
  case none
  case gzip
  case zstd
  case bzip2
  case xz

  /// How many bytes ``detect(_:)`` wants to see; fewer are fine where there are no more.
  package static let magicLength = 6

  /// The format whose magic number the bytes start with, else ``none``.
  package static func detect(_ firstBytes: some Collection<UInt8>) -> CompressionFormat {
    let start = Array(firstBytes.prefix(magicLength))
    if start.starts(with: [0x1f, 0x8b, 0x08]) { return .gzip }
    if start.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || startsSkippableFrame(start) { return .zstd }
    if start.count >= 4, start.starts(with: Array("BZh".utf8)), (0x31...0x39).contains(start[3]) {
      return .bzip2
    }
    if start.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) { return .xz }
    return .none
  }

  /// RFC 8878, 3.1.2: 0x184D2A50 to 0x184D2A5F, little-endian; zstd:chunked layers may start so.
  private static func startsSkippableFrame(_ start: [UInt8]) -> Bool {
    start.count >= 4 && start[0] & 0xf0 == 0x50 && start[1...3].elementsEqual([0x2a, 0x4d, 0x18])
  }
}

extension CompressionFormat {
  /// What layers of images may be compressed with (image-spec, layer.md).
  package static let layers: Set<CompressionFormat> = [.none, .gzip, .zstd]
  /// What archives that `ADD` unpacks may be compressed with.
  package static let archives: Set<CompressionFormat> = [.none, .gzip, .zstd, .bzip2, .xz]

  /// Reads a stream through whatever its first bytes say it is compressed with.
  ///
  /// Throws ``ArchiveError/unsupportedCompression(_:)`` for a format that is not in `formats`. The
  /// result is unbounded: put a ``LimitedSource`` around it.
  package static func decompressing(
    _ source: any ByteSource, formats: Set<CompressionFormat> = layers
  ) throws -> (format: CompressionFormat, contents: any ByteSource) {
    var start = [UInt8](repeating: 0, count: magicLength)
    let count = try start.withUnsafeMutableBytes { try source.readFully(into: $0) }
    start.removeSubrange(count...)
    let whole = PrefixedSource(prefix: start, rest: source)
    let format = detect(start)
    guard formats.contains(format) else { throw ArchiveError.unsupportedCompression(format) }
    switch format {
    case .none: return (format, whole)
    case .gzip: return (format, try GzipReader(whole))
    case .zstd: return (format, try ZstdReader(whole))
    case .bzip2: return (format, try Bzip2Reader(whole))
    case .xz: return (format, try XZReader(whole))
    }
  }
}

/// Puts back bytes that were read to look at them.
private final class PrefixedSource: ByteSource {
  private let prefix: MemorySource
  private let rest: any ByteSource

  init(prefix: [UInt8], rest: any ByteSource) {
    self.prefix = MemorySource(prefix)
    self.rest = rest
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = prefix.read(into: buffer)
    return count > 0 ? count : try rest.read(into: buffer)
  }
}
