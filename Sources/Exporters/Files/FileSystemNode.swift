import Archive

/// A file of a merged file system. Names that are hard links to one another share their node.
final class FileSystemNode {
  /// Where the contents of a regular file lie.
  struct Origin {
    /// The layer, bottom first, and the place of the entry in it.
    let layer: Int
    let entry: Int
  }

  var metadata: FileMetadata
  let origin: Origin?
  /// Of directories only.
  var children: [[UInt8]: FileSystemNode] = [:]

  init(_ metadata: FileMetadata, origin: Origin? = nil) {
    self.metadata = metadata
    self.origin = origin
  }

  var isDirectory: Bool { metadata.kind == .directory }

  /// A directory that no layer has an entry for.
  static func impliedDirectory() -> FileSystemNode {
    FileSystemNode(FileMetadata(kind: .directory, permissions: 0o755))
  }
}
