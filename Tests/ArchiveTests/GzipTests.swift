import Archive
import Glibc
import Testing

@Suite("Gzip")
struct GzipTests {
  private static let blockSize = GzipBlockIndex.standardBlockSize

  private func gzip(
    _ bytes: [UInt8], level: Int = 6, threads: Int? = nil, pieceSize: Int = .max
  ) throws -> (blob: [UInt8], index: GzipBlockIndex) {
    let sink = MemorySink()
    let writer = try BlockGzipWriter(sink, level: level, threads: threads)
    var rest = bytes[...]
    while !rest.isEmpty {
      try writer.write(Array(rest.prefix(pieceSize)))
      rest = rest.dropFirst(pieceSize)
    }
    let index = try writer.finish()
    return (sink.bytes, index)
  }

  private func gunzip(_ blob: [UInt8], largestRead: Int = .max) throws -> [UInt8] {
    try GzipReader(MemorySource(blob, largestRead: largestRead)).readAll(limit: 1 << 30)
  }

  @Test("writes the bytes it always wrote")
  func golden() throws {
    // Made with libdeflate 1.14. Another release may differ, and so would the digest of every layer.
    let text = [UInt8](String(repeating: "the same bytes on every machine; ", count: 100).utf8)
    let digest = try Tool.sha256(gzip(text).blob)
    #expect(digest == "6ee067b9ee1dbaaf18a551f716673ea18a2cf282249fee5ebd11f6b45f62d241")
  }

  @Test("gives the same bytes for one thread and for many, and for any cut into writes")
  func deterministic() throws {
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let bytes = generator.prose(9 * Self.blockSize + 12345)
    let one = try gzip(bytes, level: 1, threads: 1)
    for threads in 2...4 {
      let many = try gzip(bytes, level: 1, threads: threads, pieceSize: 100_000 * threads + 7)
      #expect(many.blob == one.blob, "seed \(seed)")
      #expect(many.index == one.index, "seed \(seed)")
    }
    #expect(try gunzip(one.blob) == bytes, "seed \(seed)")
  }

  @Test(
    "is read back, whatever the length",
    arguments: [0, 1, 100, blockSize - 1, blockSize, blockSize + 1, 2 * blockSize])
  func roundTrip(length: Int) throws {
    var generator = SeededGenerator(seed: UInt64(length))
    let bytes = generator.prose(length)
    let (blob, index) = try gzip(bytes, level: 1)
    #expect(try gunzip(blob, largestRead: 100_000) == bytes)
    #expect(index.uncompressedSize == Int64(length))
    #expect(index.compressedSize == Int64(blob.count))
    #expect(index.blockCount == max(1, (length + Self.blockSize - 1) / Self.blockSize))
    try index.validate()
  }

  @Test("has every level that libdeflate has, and no other")
  func levels() throws {
    var generator = SeededGenerator(seed: 3)
    let bytes = generator.prose(100_000)
    for level in 0...12 { #expect(try gunzip(gzip(bytes, level: level).blob) == bytes) }
    for level in [-1, 13, .max] {
      #expect(throws: ArchiveError.compressorUnavailable(.gzip, level: level)) {
        try BlockGzipWriter(MemorySink(), level: level)
      }
    }
  }

  @Test("is gzip to gzip and to Python")
  func oracles() throws {
    var generator = SeededGenerator(seed: 4)
    let bytes = generator.prose(3 * Self.blockSize + 77)
    try ScratchFolder.with { folder in
      try folder.write(gzip(bytes, level: 2).blob, to: "blob.gz")
      try Tool.run("gzip", "-t", folder.file("blob.gz"))
      #expect(try Tool.run("gzip", "-dc", folder.file("blob.gz")) == bytes)
      let script = """
        import gzip, sys
        sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())
        """
      #expect(try Tool.run("/usr/bin/python3", "-c", script, folder.file("blob.gz")) == bytes)
      // And the other way round, with a name and a time in the header.
      try folder.write(bytes, to: "plain")
      try Tool.run("gzip", "-1", folder.file("plain"))
      #expect(try gunzip(folder.read("plain.gz")) == bytes)
    }
  }

  @Test("may be given up half-way")
  func abandoned() throws {
    final class FullDisk: ByteSink {
      func write(_ bytes: UnsafeRawBufferPointer) throws {
        throw ArchiveError.system(call: "write", errno: ENOSPC)
      }
    }
    let bytes = [UInt8](repeating: 1, count: 5 * Self.blockSize)
    try BlockGzipWriter(MemorySink(), threads: 3).write(bytes)
    let writer = try BlockGzipWriter(FullDisk(), threads: 1)
    #expect(throws: ArchiveError.system(call: "write", errno: ENOSPC)) { try writer.write(bytes) }
    let parallel = try BlockGzipWriter(FullDisk(), threads: 3)
    #expect(throws: ArchiveError.system(call: "write", errno: ENOSPC)) {
      try parallel.write(bytes)
      _ = try parallel.finish()
    }
  }

  @Test("is refused when it ends early, wherever that is")
  func truncated() throws {
    let blob = try gzip(Array("some text, some text, some more text".utf8)).blob
    for length in 0..<blob.count {
      #expect(throws: ArchiveError.truncated("the gzip data")) {
        try gunzip(Array(blob.prefix(length)))
      }
    }
    // In a second member too; between the two it is whole.
    for length in 1..<blob.count {
      #expect(throws: ArchiveError.self) { try gunzip(blob + blob.prefix(length)) }
    }
  }

  @Test("is refused when a byte of its data or its trailer changed")
  func corrupt() throws {
    let text = Array("some text, some text, some more text".utf8)
    let blob = try gzip(text).blob
    for index in blob.indices {
      var changed = blob
      changed[index] ^= 0x10
      // The time, the level and the system are nobody's to check, nor the bits that fill the last
      // byte of the data; but never is other text read.
      if index >= blob.count - 8 || index < 4 {
        #expect(throws: ArchiveError.self, "byte \(index)") { try gunzip(changed) }
      } else if let result = try? gunzip(changed) {
        #expect(result == text, "byte \(index)")
      }
    }
  }

  @Test("may be padded with zeros, and followed by nothing else")
  func trailing() throws {
    let text = Array("text".utf8)
    let blob = try gzip(text).blob
    #expect(try gunzip(blob + blob) == text + text)
    #expect(try gunzip(blob + [UInt8](repeating: 0, count: 300_000)) == text)
    for garbage in [[1], [0x1f], [0x1f, 0x8c, 8], [0, 0, 1]] as [[UInt8]] {
      #expect(throws: ArchiveError.trailingGarbage(.gzip)) { try gunzip(blob + garbage) }
    }
  }

  @Test("does not unpack beyond its limit")
  func bomb() throws {
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    let blob = try gzip(zeros).blob
    #expect(blob.count < 20_000)
    func unpack(limit: Int64) throws -> Int64 {
      let source = LimitedSource(try GzipReader(MemorySource(blob)), limit: limit)
      return try source.copy(to: TeeSink())
    }
    #expect(try unpack(limit: 8 << 20) == 8 << 20)
    #expect(throws: ArchiveError.tooLarge(limit: 8 << 20 - 1)) { try unpack(limit: 8 << 20 - 1) }
    #expect(throws: ArchiveError.tooLarge(limit: 0)) { try unpack(limit: 0) }
    let ratio = LimitedSource(
      try GzipReader(MemorySource(blob)), compressedSize: Int64(blob.count), ratio: 100, floor: 1000
    )
    #expect(throws: ArchiveError.tooLarge(limit: Int64(blob.count) * 100)) {
      try ratio.copy(to: TeeSink())
    }
  }
}

@Suite("The index of gzip blocks")
struct SeekableGzipTests {
  private static let blockSize = GzipBlockIndex.standardBlockSize

  private func seekable(_ blob: [UInt8], _ index: GzipBlockIndex) throws -> SeekableGzipReader {
    try SeekableGzipReader(index: index) { buffer, offset in
      // As `pread` may: less than was asked for.
      let rest = blob[min(Int(offset), blob.count)...].prefix(min(buffer.count, 70_001))
      buffer.copyBytes(from: rest)
      return rest.count
    }
  }

  private func sample(_ length: Int) throws -> (
    bytes: [UInt8], blob: [UInt8], index: GzipBlockIndex
  ) {
    var generator = SeededGenerator(seed: 9)
    let bytes = generator.prose(length)
    let sink = MemorySink()
    let writer = try BlockGzipWriter(sink, level: 1)
    try writer.write(bytes)
    let index = try writer.finish()
    return (bytes, sink.bytes, index)
  }

  @Test("lets any range be read")
  func ranges() throws {
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let (bytes, blob, index) = try sample(3 * Self.blockSize + 4321)
    let reader = try seekable(blob, index)
    var ranges = (0..<60).map { _ in
      let start = Int.random(in: 0...bytes.count, using: &generator)
      return start..<Int.random(in: start...bytes.count, using: &generator)
    }
    let block = Self.blockSize
    ranges += [0..<bytes.count, 0..<block, block..<2 * block, block - 1..<block + 1, 0..<0]
    for range in ranges {
      let source = reader.source(from: Int64(range.lowerBound), length: Int64(range.count))
      #expect(
        try source.readAll(limit: range.count) == Array(bytes[range]), "seed \(seed), \(range)")
    }
    let beyond = reader.source(from: Int64(bytes.count - 3), length: 1000)
    #expect(try beyond.readAll(limit: 1000) == bytes.suffix(3))
    #expect(try reader.source(from: .max, length: 5).readAll(limit: 5).isEmpty)
    #expect(try reader.source(from: -1, length: 5).readAll(limit: 5).isEmpty)
  }

  @Test("finds a file in a compressed archive by its offset")
  func fileInArchive() throws {
    let sink = MemorySink()
    let gzip = try BlockGzipWriter(sink, level: 1)
    let writer = TarWriter(gzip)
    var generator = SeededGenerator(seed: 10)
    let contents = generator.prose(2 * Self.blockSize)
    var offsets: [Int64] = []
    for name in ["a", "b", "c"] {
      var entry = Sample.file(name).entry
      entry.metadata.size = Int64(contents.count)
      try writer.begin(entry)
      offsets.append(writer.position)
      try writer.writeContents(contents)
    }
    try writer.finish()
    let index = try gzip.finish()
    let reader = try seekable(sink.bytes, index)
    for offset in offsets.reversed() {
      let source = reader.source(from: offset, length: Int64(contents.count))
      #expect(try source.readAll(limit: contents.count) == contents)
    }
  }

  @Test("is refused when its numbers do not fit")
  func invalid() throws {
    let good = GzipBlockIndex(blockSize: 10, uncompressedSize: 25, blockOffsets: [0, 20, 40, 60])
    try good.validate()
    let bad: [(inout GzipBlockIndex) -> Void] = [
      { $0.blockSize = 0 }, { $0.blockSize = -1 }, { $0.blockSize = .max },
      { $0.uncompressedSize = -1 }, { $0.uncompressedSize = .max }, { $0.uncompressedSize = 31 },
      { $0.uncompressedSize = 20 }, { $0.blockOffsets = [] }, { $0.blockOffsets[0] = 1 },
      { $0.blockOffsets[2] = 20 }, { $0.blockOffsets[2] = -5 }, { $0.blockOffsets[3] = .max },
      { $0.blockOffsets[1] = .min },
    ]
    for change in bad {
      var index = good
      change(&index)
      #expect(throws: ArchiveError.self, "\(index)") { try index.validate() }
    }
  }

  @Test("and a blob that is not its own do not fit")
  func mismatched() throws {
    let (_, blob, index) = try sample(2 * Self.blockSize + 5)
    var shifted = index
    shifted.blockOffsets[1] += 1
    var short = index
    short.uncompressedSize -= 1
    for wrong in [shifted, short] {
      #expect(throws: ArchiveError.self) {
        try seekable(blob, wrong).source(from: 0, length: .max).copy(to: TeeSink())
      }
    }
    #expect(throws: ArchiveError.truncated("a gzip block")) {
      try seekable(Array(blob.dropLast()), index).source(from: 0, length: .max).copy(to: TeeSink())
    }
    var flipped = blob
    flipped[Int(index.blockOffsets[1]) + 5000] ^= 1
    let reader = try seekable(flipped, index)
    // The blocks beside it are still good, and an error leaves no half block behind.
    for _ in 0..<2 {
      #expect(try reader.source(from: 5, length: 5).readAll(limit: 5).count == 5)
      #expect(throws: ArchiveError.self) {
        try reader.source(from: Int64(Self.blockSize) + 5, length: 5).readAll(limit: 5)
      }
    }
  }
}
