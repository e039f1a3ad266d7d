package final class ZstdWriter: ByteSink {
  package init(_ sink: any ByteSink, level: Int = 3) throws {}
  package func write(_ bytes: UnsafeRawBufferPointer) throws {}
  package func finish() throws {}
}
