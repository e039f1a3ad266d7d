package import SystemPackage

/// Where an image goes, and in what form.
package enum ExportDestination: Hashable, Sendable {
  /// An OCI image layout (image-spec, image-layout.md). One that is there is added to.
  case layoutDirectory(FilePath)
  /// A tar of an OCI image layout.
  case layoutArchive(ArchiveTarget)
  /// A tar for `docker load` and `podman load`, which is an OCI archive at the same time.
  case dockerArchive(ArchiveTarget)
  /// The image's files, written into a directory; what is there and not in the image stays.
  case directory(FilePath, platformFolders: PlatformFolders = .whenSeveral)
  /// The image's files as one tar.
  case tar(ArchiveTarget, platformFolders: PlatformFolders = .whenSeveral)
}

/// Where an archive goes.
package enum ArchiveTarget: Hashable, Sendable {
  /// A file, which appears under its name only when it is whole.
  case file(FilePath)
  /// A pipe or standard output; it stays the caller's to close.
  case descriptor(Int32)
}
