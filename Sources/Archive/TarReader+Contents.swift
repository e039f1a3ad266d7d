extension TarReader {
  /// The contents of the entry that `next()` gave last, as a source; of no use after the next one.
  package var contents: any ByteSource { EntryContents(self) }
}

private final class EntryContents: ByteSource {
  private let reader: TarReader

  init(_ reader: TarReader) {
    self.reader = reader
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try reader.readContents(into: buffer)
  }
}
