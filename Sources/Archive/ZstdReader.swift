package final class ZstdReader: ByteSource {
  package init(_ source: any ByteSource) throws {}
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { 0 }
}
