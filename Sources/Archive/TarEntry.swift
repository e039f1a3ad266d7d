/// One member of a tar archive, without its contents.
package struct TarEntry: Hashable, Sendable, Codable {
  /// Bytes, not text: they need not be UTF-8.
  ///
  /// A writer wants it canonical: relative, no empty, `.` or `..` component, no slash at either end.
  /// A reader reports what the archive says, slashes and all; ``validatedPath(absolute:)`` cleans it.
  package var path: [UInt8]
  package var metadata: FileMetadata

  package init(path: [UInt8], metadata: FileMetadata) {
    self.path = path
    self.metadata = metadata
  }

  package init(path: String, metadata: FileMetadata) {
    self.init(path: Array(path.utf8), metadata: metadata)
  }
}
