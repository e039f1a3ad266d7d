package import Archive

/// Where the files of a new layer go: a directory in overlay format, or straight into a tar.
///
/// A parent comes before its entries, or is left to the layers below. In a directory, a path that was
/// given before is replaced, except that a directory given twice only gets its metadata changed. A tar
/// cannot be changed afterwards: it wants ascending paths, none twice.
package protocol LayerSink: AnyObject {
  /// Adds a file; `contents` is there for regular files with a size, and gives exactly
  /// `metadata.size` bytes. For a hard link, `metadata.linkTarget` is the path of an earlier file.
  func add(_ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?) throws

  /// Takes a lower layer's file away.
  func addWhiteout(_ path: TreePath) throws
}
