import Archive

/// Tells how much goes by.
final class CountingSink: ByteSink {
  private let sink: any ByteSink
  private let progress: TransferProgress

  init(_ sink: any ByteSink, progress: @escaping TransferProgress) {
    self.sink = sink
    self.progress = progress
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try sink.write(bytes)
    progress(Int64(bytes.count))
  }
}
