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

  /// The encoding as one word, such as `gzip6-t0`: the name of the file that remembers its blob.
  package var key: String {
    let time = latestTime.map { "t\($0)" } ?? "exact"
    switch compression {
    case .gzip(let level): return "gzip\(level)-\(time)"
    case .zstd(let level): return "zstd\(level)-\(time)"
    case .uncompressed: return "tar-\(time)"
    }
  }

  /// Reads such a word; nil for what is none.
  package init?(key: some StringProtocol) {
    guard let dash = key.firstIndex(of: "-") else { return nil }
    let compression = key[..<dash]
    let time = key[key.index(after: dash)...]
    if time == "exact" {
      latestTime = nil
    } else {
      guard time.first == "t", let seconds = Int64(time.dropFirst()) else { return nil }
      latestTime = seconds
    }
    if compression == "tar" {
      self.compression = .uncompressed
    } else if compression.hasPrefix("gzip"), let level = Int(compression.dropFirst(4)) {
      self.compression = .gzip(level: level)
    } else if compression.hasPrefix("zstd"), let level = Int(compression.dropFirst(4)) {
      self.compression = .zstd(level: level)
    } else {
      return nil
    }
    // Only what `key` writes: nothing with a sign or leading zeros may become a file's name.
    guard self.key == key else { return nil }
  }

  var clamp: FileTime? { latestTime.map { FileTime(seconds: $0) } }
}
