/// Gives every write to several sinks in turn: to the store and to a digest, in one pass.
package final class TeeSink: ByteSink {
  private let sinks: [any ByteSink]
  /// How many bytes have gone through.
  package private(set) var byteCount: Int64 = 0

  package init(_ sinks: any ByteSink...) {
    self.sinks = sinks
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    for sink in sinks { try sink.write(bytes) }
    byteCount += Int64(bytes.count)
  }
}
