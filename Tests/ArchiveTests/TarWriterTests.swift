import Archive
import Testing

@Suite("The tar writer")
struct TarWriterTests {
  /// One of everything, as an image would have it and worse.
  static let everything: [Sample] = [
    .other(.directory, "usr"),
    .file("usr/hello", "hello, world\n", permissions: 0o4755),
    .other(.hardLink, "usr/again", target: "usr/hello"),
    .other(.symbolicLink, "usr/link", target: "../elsewhere"),
    .other(.characterDevice, "null") { ($0.deviceMajor, $0.deviceMinor) = (1, 3) },
    .other(.blockDevice, "disk") { ($0.deviceMajor, $0.deviceMinor) = (8, 1) },
    .other(.fifo, "pipe"),
    .file("grüße", "unicode"),
    .file(String(repeating: "long/", count: 30) + "name", "prefix"),
    .file(String(repeating: "l", count: 101), "pax"),
    .other(.symbolicLink, "far", target: String(repeating: "t", count: 101)),
    .other(.directory, "owned") {
      $0.userID = 4_000_000_000
      $0.groupID = 0o7777777
      $0.modificationTime = FileTime(seconds: -2, nanoseconds: 999_999_999)
      $0.extendedAttributes = [
        ExtendedAttribute(name: Array("security.capability".utf8), value: [1, 0, 0, 2, 10, 61]),
        ExtendedAttribute(name: Array("user.note".utf8), value: Array("text".utf8)),
      ]
    },
  ]

  @Test("writes the bytes it always wrote")
  func golden() throws {
    // A change here changes the digest of every layer: never by accident.
    let digest = try Tool.sha256(tar(Self.everything))
    #expect(digest == "5b4fe3bf2973a0e2ecc11889b839d52c6bca9677c3e0cbac8bf9cb667fb95b71")
  }

  @Test("writes the same bytes however the contents are cut")
  func pieces() throws {
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let samples = (0..<30).map { _ in Sample.random(using: &generator) }
    let whole = try tar(samples)
    for pieceSize in [1, 7, 512, 32 << 10, 40_000] {
      #expect(try tar(samples, pieceSize: pieceSize) == whole, "seed \(seed)")
    }
  }

  @Test("is read back as what went in", arguments: 0..<20)
  func roundTrip(_: Int) throws {
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let samples = (0..<40).map { _ in Sample.random(using: &generator) }
    let archive = try tar(samples)
    let largestRead = Int.random(in: 1...5000, using: &generator)
    let back = try untar(archive, largestRead: largestRead)
    for (sample, result) in zip(samples, back) { #expect(result == sample.rounded, "seed \(seed)") }
    #expect(back.count == samples.count, "seed \(seed)")
    // Reading and writing again is the identity.
    #expect(try tar(back) == archive, "seed \(seed)")
  }

  @Test("uses extended headers only where they are needed")
  func plainUSTAR() throws {
    let plain: [Sample] = [
      .file("a", "b"), .other(.directory, String(repeating: "d", count: 99)),
      .file(String(repeating: "p", count: 155) + "/" + String(repeating: "n", count: 100)),
      .other(.symbolicLink, "s", target: String(repeating: "t", count: 100)),
      .other(.fifo, "f") { ($0.userID, $0.groupID) = (0o7777777, 0o7777777) },
    ]
    #expect(try tar(plain).count == 512 * 6 + 1024)
    for sample in plain { #expect(try untar(tar([sample])) == [sample]) }
    let extended: [Sample] = [
      .other(.directory, String(repeating: "d", count: 100)),
      .file(String(repeating: "p", count: 156) + "/" + String(repeating: "n", count: 100)),
      .file("é"), .other(.fifo, "f") { $0.userID = 0o10000000 },
    ]
    for sample in extended {
      #expect(try tar([sample]).count == 512 * 3 + 1024)
      #expect(try untar(tar([sample])) == [sample])
    }
  }

  @Test("counts a record's length right where a digit is added")
  func recordLengths() throws {
    for length in 80...1010 {
      let sample = Sample.other(.symbolicLink, "s", target: String(repeating: "x", count: length))
      #expect(try untar(tar([sample])) == [sample])
    }
  }

  @Test("knows where contents start")
  func positions() throws {
    let archive = try tar(Self.everything)
    let reader = TarReader(MemorySource(archive))
    let sink = MemorySink()
    let writer = TarWriter(sink)
    for sample in Self.everything {
      try writer.begin(sample.entry)
      _ = try reader.next()
      #expect(reader.contentOffset == writer.position)
      let start = Int(writer.position)
      #expect(Array(archive[start..<start + sample.contents.count]) == sample.contents)
      try writer.writeContents(sample.contents)
    }
    try writer.finish()
    #expect(writer.position == Int64(archive.count))
  }

  @Test("takes sizes beyond octal")
  func hugeFile() throws {
    let size: Int64 = 9 << 30
    let sink = MemorySink()
    let writer = TarWriter(sink)
    var sample = Sample.file("huge")
    sample.entry.metadata.size = size
    try writer.begin(sample.entry)
    #expect(throws: ArchiveError.sizeMismatch(path: Array("huge".utf8), expected: size, actual: 0))
    {
      try writer.finish()
    }
    // The headers are still in the writer's buffer: push them out with contents.
    try writer.writeContents([UInt8](repeating: 0, count: 512 << 10))
    let entry = try TarReader(MemorySource(sink.bytes)).next()
    #expect(entry == sample.entry)
  }

  @Test("refuses contents that are not as long as was said")
  func wrongSizes() throws {
    let writer = TarWriter(MemorySink())
    try writer.begin(Sample.file("f", "four").entry)
    try writer.writeContents(Array("fou".utf8))
    let error = ArchiveError.sizeMismatch(path: Array("f".utf8), expected: 4, actual: 5)
    #expect(throws: error) { try writer.writeContents(Array("rs".utf8)) }
    #expect(throws: ArchiveError.sizeMismatch(path: Array("f".utf8), expected: 4, actual: 3)) {
      try writer.end()
    }
    try writer.writeContents(Array("r".utf8))
    try writer.end()
    #expect(throws: ArchiveError.self) { try writer.writeContents([1]) }
    #expect(
      "\(error)" == """
        the contents of `f` are 5 bytes, not 4
        hint: the file changed while it was read; build again when nothing writes to it
        """)
  }

  @Test(
    "refuses paths that are not canonical",
    arguments: ["", "/a", "a/", "a//b", ".", "./a", "..", "a/..", "a\0b"])
  func paths(path: String) {
    let writer = TarWriter(MemorySink())
    #expect(throws: ArchiveError.unsafePath(Array(path.utf8), reason: .notCanonical)) {
      try writer.begin(Sample.file(path).entry)
    }
    #expect(throws: ArchiveError.unsafePath(Array(path.utf8), reason: .notCanonical)) {
      try writer.begin(Sample.other(.hardLink, "link", target: path).entry)
    }
    #expect(writer.position == 0)
  }

  @Test("refuses what tar cannot say")
  func unrepresentable() {
    func attributes(_ names: String...) -> Sample {
      .other(.fifo, "x") {
        $0.extendedAttributes = names.map { ExtendedAttribute(name: Array($0.utf8), value: [1]) }
      }
    }
    let refused: [Sample] = [
      .other(.symbolicLink, "s"), .other(.symbolicLink, "s", target: "a\0"),
      .other(.characterDevice, "c") { $0.deviceMinor = 0o10000000 },
      .other(.regular, "r") { $0.size = -1 },
      attributes("user.a=b"), attributes(""), attributes("user.b", "user.a"),
      attributes("user.a", "user.a"),
      .other(.fifo, "x") {
        $0.extendedAttributes = [
          ExtendedAttribute(name: [97], value: [UInt8](repeating: 0, count: 1 << 20))
        ]
      },
    ]
    for sample in refused {
      #expect(throws: ArchiveError.self, "\(sample.entry)") { try tar([sample]) }
    }
  }

  @Test("clamps times from above")
  func clamping() {
    let metadata = FileMetadata(
      kind: .regular, permissions: 0, modificationTime: FileTime(seconds: 10, nanoseconds: 5))
    #expect(metadata.clamped(to: FileTime(seconds: 10)).modificationTime == FileTime(seconds: 10))
    #expect(metadata.clamped(to: FileTime(seconds: 11)) == metadata)
    #expect(metadata.clamped(to: nil) == metadata)
  }
}
