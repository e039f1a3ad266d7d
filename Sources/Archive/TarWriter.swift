package final class TarWriter {
  package init(_ sink: any ByteSink) {}
  /// How many bytes of tar there are so far: after ``begin(_:)``, where the contents start.
  package var position: Int64 { 0 }
  package func begin(_ entry: TarEntry) throws {}
  package func writeContents(_ bytes: UnsafeRawBufferPointer) throws {}
  package func end() throws {}
  package func finish() throws {}
}
