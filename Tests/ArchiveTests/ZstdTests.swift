import Archive
import Testing

@Suite("Zstandard")
struct ZstdTests {
  private func compress(_ bytes: [UInt8], level: Int = 3, pieceSize: Int = .max) throws -> [UInt8] {
    let sink = MemorySink()
    let writer = try ZstdWriter(sink, level: level)
    var rest = bytes[...]
    while !rest.isEmpty {
      try writer.write(Array(rest.prefix(pieceSize)))
      rest = rest.dropFirst(pieceSize)
    }
    try writer.finish()
    try writer.finish()
    return sink.bytes
  }

  private func decompress(_ blob: [UInt8], largestRead: Int = .max) throws -> [UInt8] {
    try ZstdReader(MemorySource(blob, largestRead: largestRead)).readAll(limit: 1 << 30)
  }

  @Test(
    "is read back, and is the same however it is cut into writes",
    arguments: [0, 1, 1000, 1 << 20, 1 << 20 + 1, 3 << 20 + 99])
  func roundTrip(length: Int) throws {
    var generator = SeededGenerator(seed: UInt64(length))
    let bytes = generator.prose(length)
    let blob = try compress(bytes)
    #expect(try decompress(blob) == bytes)
    #expect(try decompress(blob, largestRead: 1000) == bytes)
    #expect(try compress(bytes, pieceSize: 99_991) == blob)
    #expect(try compress(bytes, pieceSize: 2 << 20) == blob)
  }

  @Test("is refused when it ends early, wherever that is")
  func truncated() throws {
    let blob = try compress(Array("some text, some text, some more text".utf8))
    for length in 0..<blob.count {
      #expect(throws: ArchiveError.truncated("the zstd data")) {
        try decompress(Array(blob.prefix(length)))
      }
    }
  }

  @Test("is refused when a byte changed")
  func corrupt() throws {
    let blob = try compress(Array("some text, some text, some more text".utf8))
    for index in blob.indices {
      var changed = blob
      // In byte 4, the descriptor, this bit means nothing (RFC 8878, 3.1.1.1.1.3).
      changed[index] ^= index == 4 ? 0x08 : 0x10
      #expect(throws: ArchiveError.self, "byte \(index)") { try decompress(changed) }
    }
  }

  @Test("may have several frames, skippable ones too, and no garbage after them")
  func frames() throws {
    let text = Array("text".utf8)
    let blob = try compress(text)
    let skippable: [UInt8] = [0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    #expect(try decompress(skippable + blob + skippable + blob) == text + text)
    #expect(throws: ArchiveError.trailingGarbage(.zstd)) { try decompress(blob + [1, 2, 3, 4, 5]) }
    #expect(throws: ArchiveError.self) { try decompress(blob + [1]) }
  }

  @Test("is refused when it wants a window beyond 128 MiB")
  func window() {
    // Magic, descriptor, window of 2^28, an empty last block.
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0, (28 - 10) << 3, 1, 0, 0]
    do {
      _ = try decompress(frame)
      Issue.record("was read")
    } catch ArchiveError.corrupt(.zstd, let detail) {
      #expect(detail.contains("memory"))
    } catch {
      Issue.record("\(error)")
    }
    #expect(throws: Never.self) {
      try decompress([0x28, 0xb5, 0x2f, 0xfd, 0, (27 - 10) << 3, 1, 0, 0])
    }
  }

  @Test("has no levels but zstd's")
  func levels() {
    for level in [23, .max, .min] {
      #expect(throws: ArchiveError.compressorUnavailable(.zstd, level: level)) {
        try ZstdWriter(MemorySink(), level: level)
      }
    }
  }

  @Test("is Zstandard to Python's or the system's tool, where there is one")
  func oracle() throws {
    var generator = SeededGenerator(seed: 5)
    let bytes = generator.prose(2 << 20)
    try ScratchFolder.with { folder in
      try folder.write(compress(bytes), to: "blob.zst")
      do {
        #expect(try Tool.run("zstd", "-q", "-d", "-c", folder.file("blob.zst")) == bytes)
      } catch let failure as Tool.Failure where failure.output.isEmpty && failure.status == 2 {
        // `zstd` is not installed.
      }
    }
  }
}

@Suite("Compression formats")
struct CompressionFormatTests {
  @Test(
    "are told by their first bytes",
    arguments: [
      ([0x1f, 0x8b, 8], .gzip), ([0x1f, 0x8b], .none), ([0x28, 0xb5, 0x2f, 0xfd], .zstd),
      ([0x50, 0x2a, 0x4d, 0x18], .zstd), ([0x5f, 0x2a, 0x4d, 0x18], .zstd),
      ([0x60, 0x2a, 0x4d, 0x18], .none), ([0x42, 0x5a, 0x68, 0x39], .bzip2),
      ([0x42, 0x5a, 0x68, 0x30], .none), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], .xz), ([], .none),
      ([0x75, 0x73, 0x72, 0x2f, 0, 0], .none),
    ] as [([UInt8], CompressionFormat)])
  func detection(bytes: [UInt8], format: CompressionFormat) {
    #expect(CompressionFormat.detect(bytes) == format)
  }

  @Test("are read through whatever they are")
  func decompressing() throws {
    let text = Array("contents of an archive".utf8)
    let gzipped = MemorySink()
    let gzip = try BlockGzipWriter(gzipped)
    try gzip.write(text)
    _ = try gzip.finish()
    let zstandard = MemorySink()
    let zstd = try ZstdWriter(zstandard)
    try zstd.write(text)
    try zstd.finish()
    let cases: [([UInt8], CompressionFormat)] = [
      (text, .none), (gzipped.bytes, .gzip), (zstandard.bytes, .zstd),
    ]
    for (bytes, expected) in cases {
      let (format, contents) = try CompressionFormat.decompressing(
        MemorySource(bytes, largestRead: 1))
      #expect(format == expected)
      #expect(try contents.readAll(limit: 100) == text)
    }
    let empty = try CompressionFormat.decompressing(MemorySource([]))
    #expect(empty.format == .none)
    #expect(try empty.contents.readAll(limit: 0).isEmpty)
  }

  @Test("that are not read are named")
  func unsupported() {
    #expect(throws: ArchiveError.unsupportedCompression(.bzip2)) {
      _ = try CompressionFormat.decompressing(MemorySource(Array("BZh9...".utf8)))
    }
    #expect(
      "\(ArchiveError.unsupportedCompression(.xz))" == """
        archives compressed with xz are not read
        hint: compress it with gzip or zstd
        """)
  }
}
