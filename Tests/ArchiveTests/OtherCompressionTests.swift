import Archive
import Testing

/// The formats that are only read: `bzip2` and `xz` make what they are tested with.
@Suite("bzip2 and xz")
struct OtherCompressionTests {
  static let formats: [CompressionFormat] = [.bzip2, .xz]

  private func compress(
    _ bytes: [UInt8], _ format: CompressionFormat, _ options: String...
  ) throws -> [UInt8] {
    try ScratchFolder.with { folder in
      try folder.write(bytes, to: "bytes")
      let command = "exec \(format.rawValue) \(options.joined(separator: " ")) -c \"$1\""
      return try Tool.run("sh", "-c", command, "sh", folder.file("bytes"))
    }
  }

  private func decompress(_ blob: [UInt8], largestRead: Int = .max) throws -> [UInt8] {
    try CompressionFormat.decompressing(
      MemorySource(blob, largestRead: largestRead), formats: CompressionFormat.archives
    ).contents.readAll(limit: 1 << 30)
  }

  @Test("are read as their programs wrote them", arguments: formats, [0, 1, 1000, 2_000_003])
  func roundTrip(format: CompressionFormat, length: Int) throws {
    var generator = SeededGenerator(seed: UInt64(length))
    let bytes = generator.prose(length)
    for blob in [try compress(bytes, format), try compress(bytes, format, "-9")] {
      #expect(CompressionFormat.detect(blob) == format)
      #expect(try decompress(blob) == bytes)
      #expect(try decompress(blob, largestRead: 777) == bytes)
    }
  }

  @Test("may be several streams, as parallel compressors write them", arguments: formats)
  func streams(format: CompressionFormat) throws {
    let blob = try compress(Array("text".utf8), format)
    #expect(try decompress(blob + blob + blob) == Array("texttexttext".utf8))
    #expect(try decompress(blob + blob, largestRead: 1) == Array("texttext".utf8))
    let padded = blob + [UInt8](repeating: 0, count: 512)
    #expect(try decompress(padded) == Array("text".utf8))
    let trailing = blob + Array("this is no further stream".utf8)
    #expect(throws: ArchiveError.trailingGarbage(format)) { try decompress(trailing) }
    let contents = try CompressionFormat.decompressing(
      MemorySource(trailing), formats: CompressionFormat.archives
    ).contents
    var text = [UInt8](repeating: 0, count: 100)
    let count = try text.withUnsafeMutableBytes { try contents.read(into: $0) }
    #expect(Array(text.prefix(count)) == Array("text".utf8))
  }

  @Test("are refused when they end early, wherever that is", arguments: formats)
  func truncated(format: CompressionFormat) throws {
    let blob = try compress(Array("some text, some text, some more text".utf8), format)
    for length in CompressionFormat.magicLength..<blob.count {
      #expect(throws: ArchiveError.truncated("the \(format.rawValue) data"), "\(length) bytes") {
        try decompress(Array(blob.prefix(length)))
      }
    }
  }

  @Test("are refused when a byte changed", arguments: formats)
  func corrupt(format: CompressionFormat) throws {
    let text = Array("some text, some text, some more text".utf8)
    let blob = try compress(text, format)
    for index in CompressionFormat.magicLength..<blob.count {
      var changed = blob
      changed[index] ^= 0x10
      // The last bits of a bzip2 stream are filler.
      let result = try? decompress(changed)
      #expect(result == nil || (result == text && index == blob.count - 1), "byte \(index)")
    }
  }

  @Test("survive any bytes", arguments: formats)
  func garbage(format: CompressionFormat) throws {
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let blob = try compress(generator.prose(5000), format)
    for _ in 0..<200 {
      var changed = blob
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        let index = Int.random(in: CompressionFormat.magicLength..<blob.count, using: &generator)
        changed[index] = UInt8(truncatingIfNeeded: generator.next())
      }
      do {
        _ = try decompress(changed)
      } catch is ArchiveError {
      } catch {
        Issue.record("\(error), seed \(seed)")
      }
    }
  }

  @Test("is refused when it takes more memory than 256 MiB, and says so")
  func memory() throws {
    let large = try compress([1, 2, 3], .xz, "--lzma2=dict=512MiB")
    let error = ArchiveError.needsMemory(.xz, limit: 256 << 20)
    #expect(throws: error) { try decompress(large) }
    #expect("\(error)".hasPrefix("the xz data takes more than 256 MiB of memory to read\nhint: "))
    #expect(try decompress(compress([1, 2, 3], .xz, "--lzma2=dict=128MiB")) == [1, 2, 3])
  }

  @Test("stop growing at a limit: a bomb takes no memory to speak of", arguments: formats)
  func bomb(format: CompressionFormat) throws {
    let bomb = try compress([UInt8](repeating: 0, count: 32 << 20), format, "-9")
    #expect(bomb.count < 1 << 14)
    let contents = try CompressionFormat.decompressing(
      MemorySource(bomb), formats: CompressionFormat.archives
    ).contents
    let limited = LimitedSource(contents, limit: 1 << 20)
    #expect(throws: ArchiveError.tooLarge(limit: 1 << 20)) { try limited.copy(to: NoSink()) }
  }

  @Test("are no formats of layers", arguments: formats)
  func layers(format: CompressionFormat) throws {
    let blob = try compress([1], format)
    #expect(throws: ArchiveError.unsupportedCompression(format)) {
      try CompressionFormat.decompressing(MemorySource(blob))
    }
  }
}

private final class NoSink: ByteSink {
  func write(_ bytes: UnsafeRawBufferPointer) {}
}
