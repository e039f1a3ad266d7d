package import SystemPackage

/// Where images are loaded from.
package enum ImportSource: Hashable, Sendable {
  /// An OCI image layout (image-spec, image-layout.md).
  case layoutDirectory(FilePath)
  /// An archive, OCI or Docker, plain or compressed with gzip or zstd.
  case file(FilePath)
  /// The same from a pipe or standard input, which stays the caller's to close.
  case descriptor(Int32)
}
