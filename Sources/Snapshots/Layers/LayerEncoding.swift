internal import Archive
package import OCI

/// What besides the files decides the bytes of a layer's blob.
package struct LayerEncoding: Hashable, Sendable {
  /// How the tar is compressed. Levels are those of libdeflate and of zstd.
  package enum Compression: Hashable, Sendable {
    case gzip(level: Int)
    case zstd(level: Int)
    case uncompressed
  }

  package var compression: Compression
  /// In seconds since 1970; later times are written as this one (`SOURCE_DATE_EPOCH`). With nil all
  /// times stay as they are.
  package var latestTime: Int64?

  package init(compression: Compression = .gzip(level: 6), latestTime: Int64? = nil) {
    self.compression = compression
    self.latestTime = latestTime
  }

  /// The media type of the blob.
  package var mediaType: MediaType {
    switch compression {
    case .gzip: .layerGzip
    case .zstd: .layerZstd
    case .uncompressed: .layer
    }
  }

  /// The name of the file that remembers the blob of this encoding.
  var key: String {
    let time = latestTime.map { "t\($0)" } ?? "exact"
    switch compression {
    case .gzip(let level): return "gzip\(level)-\(time)"
    case .zstd(let level): return "zstd\(level)-\(time)"
    case .uncompressed: return "tar-\(time)"
    }
  }

  var clamp: FileTime? { latestTime.map { FileTime(seconds: $0) } }
}
