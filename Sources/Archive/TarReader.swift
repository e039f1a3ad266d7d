package final class TarReader {
  package init(_ source: any ByteSource) {}
  /// The next entry, after skipping what is left of the last one's contents; nil at the end.
  package func next() throws -> TarEntry? { nil }
  /// Where in the tar stream the contents of the current entry start.
  package private(set) var contentOffset: Int64 = 0
  /// Some of the contents; 0 at their end.
  package func readContents(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { 0 }
  package func skipContents() throws {}
  /// Reads what follows the end of the archive and throws it away (for digests of whole streams).
  package func drain() throws {}
}
