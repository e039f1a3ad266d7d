package import Archive
package import OCI

/// A layer to put into a registry.
package struct SeedLayer: Sendable {
  package let mediaType: MediaType
  /// As they are stored: compressed, where the type says so.
  package let bytes: [UInt8]
  /// Of the tar.
  package let diffID: Digest

  /// A layer of any bytes, whether they are what they should be or not.
  package init(_ bytes: [UInt8], as mediaType: MediaType, diffID: Digest? = nil) {
    self.bytes = bytes
    self.mediaType = mediaType
    self.diffID = diffID ?? .sha256(of: bytes)
  }

  /// A layer with these files, by path, of root and from 1970.
  package static func files(
    _ files: [String: String], compression: CompressionFormat = .gzip
  ) throws -> SeedLayer {
    let tar = try tar(of: files)
    let packed = MemorySink()
    switch compression {
    case .gzip:
      let writer = try BlockGzipWriter(packed)
      try writer.write(tar)
      _ = try writer.finish()
      return SeedLayer(packed.bytes, as: .layerGzip, diffID: .sha256(of: tar))
    case .zstd:
      let writer = try ZstdWriter(packed)
      try writer.write(tar)
      try writer.finish()
      return SeedLayer(packed.bytes, as: .layerZstd, diffID: .sha256(of: tar))
    default: return SeedLayer(tar, as: .layer)
    }
  }

  private static func tar(of files: [String: String]) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = TarWriter(sink)
    for (path, text) in files.sorted(by: { $0.key < $1.key }) {
      let contents = Array(text.utf8)
      let metadata = FileMetadata(
        kind: .regular, permissions: 0o644, size: Int64(contents.count))
      try writer.begin(TarEntry(path: path, metadata: metadata))
      try writer.writeContents(contents)
    }
    try writer.finish()
    return sink.bytes
  }
}
