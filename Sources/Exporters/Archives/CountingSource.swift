import Archive

/// Counts what goes by, and tells.
final class CountingSource: ByteSource {
  private let source: any ByteSource
  private let progress: TransferProgress
  private(set) var byteCount: Int64 = 0

  init(_ source: any ByteSource, progress: @escaping TransferProgress = { _ in }) {
    self.source = source
    self.progress = progress
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try source.read(into: buffer)
    byteCount += Int64(count)
    if count > 0 { progress(Int64(count)) }
    return count
  }
}
