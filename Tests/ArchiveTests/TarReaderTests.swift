import Archive
import Testing

@Suite("The tar reader")
struct TarReaderTests {
  private func read(_ parts: [UInt8]...) throws -> [Sample] {
    try untar(Array((parts + [endOfArchive]).joined()))
  }

  private func pax(_ records: String, type: Character = "x") -> [UInt8] {
    RawHeader(name: "pax", type: type, data: Array(records.utf8)).bytes
  }

  private func record(_ keyword: String, _ value: String) -> String {
    let rest = keyword.utf8.count + value.utf8.count + 3
    var length = rest + 1
    while length != rest + "\(length)".utf8.count { length += 1 }
    return "\(length) \(keyword)=\(value)\n"
  }

  private let file = RawHeader(name: "file", data: Array("text".utf8)).bytes

  @Test("reads nothing from an empty archive, with an end or without")
  func empty() throws {
    #expect(try untar([]).isEmpty)
    #expect(try untar(endOfArchive).isEmpty)
    #expect(try untar(Array(endOfArchive.prefix(512))).isEmpty)
    #expect(try untar([UInt8](repeating: 0, count: 10240)).isEmpty)
  }

  @Test("does not look beyond the end, unless it is to drain the stream")
  func garbageAfterTheEnd() throws {
    let source = MemorySource(file + endOfArchive + [UInt8](repeating: 7, count: 1 << 20))
    let reader = TarReader(source)
    #expect(try reader.next() != nil)
    #expect(try reader.next() == nil)
    #expect(try reader.next() == nil)
    try reader.drain()
    #expect(reader.position == Int64(1024 + 1024 + 1 << 20))
    #expect(try source.readAll(limit: 0).isEmpty)
  }

  @Test("notices every cut")
  func truncated() throws {
    let samples = Array(TarWriterTests.everything[7...])
    let archive = try tar(samples)
    var boundaries: Set<Int> = [0]
    let reader = TarReader(MemorySource(archive))
    while let entry = try reader.next() {
      boundaries.insert(Int(reader.contentOffset + (entry.metadata.size + 511) / 512 * 512))
    }
    for length in 0..<archive.count {
      let cut = Array(archive.prefix(length))
      // Between two entries the end of the stream is an end, as all readers have it.
      if boundaries.contains(length) || length == archive.count - 512 {
        #expect(try untar(cut).count <= samples.count)
      } else {
        #expect(throws: ArchiveError.self, "cut at \(length)") { try untar(cut) }
      }
    }
  }

  @Test("survives any change of any byte of a header")
  func mutations() throws {
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let archive = try tar(TarWriterTests.everything)
    for _ in 0..<3000 {
      var bytes = archive
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let block = Int.random(in: 0..<bytes.count / 512, using: &generator) * 512
        let position = block + Int.random(in: 0..<512, using: &generator)
        bytes[position] = UInt8(truncatingIfNeeded: generator.next())
        // A right checksum lets the change reach the parser behind it.
        for index in 148..<156 { bytes[block + index] = 0x20 }
        let sum = String(bytes[block..<block + 512].reduce(0) { $0 + Int($1) }, radix: 8)
        bytes.replaceSubrange(block + 148..<block + 148 + sum.utf8.count, with: Array(sum.utf8))
      }
      // It reads or throws an error of ours; and it comes back.
      do { _ = try untar(bytes) } catch is ArchiveError {}
    }
  }

  @Test("refuses a wrong checksum")
  func checksum() {
    #expect(throws: ArchiveError.badHeader(.checksum, offset: 1024)) {
      try read(file, RawHeader(checksumIsWrong: true).bytes)
    }
    #expect(throws: ArchiveError.badHeader(.checksum, offset: 0)) {
      try untar(Array(repeating: UInt8(ascii: "x"), count: 512))
    }
  }

  @Test("accepts checksums over signed bytes")
  func signedChecksum() throws {
    var header = RawHeader(name: "n").bytes
    header[0] = 0xe9
    for index in 148..<156 { header[index] = 0x20 }
    let sum = header.reduce(0) { $0 + Int(Int8(bitPattern: $1)) }
    header.replaceSubrange(148..<154, with: Array(("00000" + String(sum, radix: 8)).utf8.suffix(6)))
    header[154] = 0
    #expect(try read(header).first?.entry.path == [0xe9])
  }

  @Test(
    "refuses numbers out of range",
    arguments: [
      ("size", 124, [0xff] + [UInt8](repeating: 0xff, count: 11)),  // -1
      ("size", 124, [0x80, 0, 0, 0] + [UInt8](repeating: 0xff, count: 8)),  // beyond 63 bits
      ("size", 124, [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7)),  // ends beyond
      ("size", 124, Array("00000000o01".utf8)),
      ("size", 124, Array("-0000000001".utf8)),
      ("size", 124, Array("0000 000001".utf8)),
      ("uid", 108, [0x80, 0, 0, 1, 0, 0, 0, 0]),
      ("gid", 116, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      ("mode", 100, Array("0000648".utf8)),
      ("mtime", 136, [0xbf] + [UInt8](repeating: 0xff, count: 11)),
    ] as [(String, Int, [UInt8])])
  func numbers(field: String, offset: Int, bytes: [UInt8]) {
    #expect(throws: ArchiveError.badHeader(.field(field), offset: 0)) {
      try read(RawHeader(fields: [(offset, bytes)]).bytes)
    }
  }

  @Test("reads numbers in base 256 and with any filler")
  func goodNumbers() throws {
    let header = RawHeader(fields: [
      (136, [UInt8](repeating: 0xff, count: 12)), (108, Array("    17 \0".utf8)),
      (116, [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), (100, Array("100644 \0".utf8)),
    ])
    let metadata = try #require(try read(header.bytes).first).entry.metadata
    #expect(metadata.modificationTime.seconds == -1)
    #expect(metadata.userID == 0o17)
    #expect(metadata.groupID == .max)
    #expect(metadata.permissions == 0o644)
  }

  @Test("knows v7's directories by their slash, and skips nothing after links")
  func oldTypes() throws {
    let directory = RawHeader(
      name: "old/", type: "\0", fields: [(257, [UInt8](repeating: 0, count: 8))])
    let link = RawHeader(
      name: "link", type: "1", fields: [(157, Array("file".utf8))], size: "00000001000")
    let entries = try read(directory.bytes, file, link.bytes, file)
    #expect(entries.map { Tool.text($0.entry.path) } == ["old", "file", "link", "file"])
    #expect(entries[0].entry.metadata.kind == .directory)
    #expect(entries[2].entry.metadata.size == 0)
  }

  @Test(
    "refuses types it does not know", arguments: ["S", "M", "D", "V", "X", "?", "8"] as [Character])
  func types(type: Character) {
    let fault: ArchiveError.HeaderFault = type == "S" ? .sparse : .type(type.asciiValue ?? 0)
    #expect(throws: ArchiveError.badHeader(fault, offset: 0)) {
      try read(RawHeader(type: type).bytes)
    }
  }

  @Test("refuses a zero block with an entry after it")
  func loneZeroBlock() {
    #expect(throws: ArchiveError.badHeader(.loneZeroBlock, offset: 1024)) {
      try read(file, Array(endOfArchive.prefix(512)), file)
    }
  }

  @Test("refuses entries without a name and links without a target")
  func nameless() {
    #expect(throws: ArchiveError.badHeader(.noName, offset: 0)) {
      try read(RawHeader(name: "").bytes)
    }
    #expect(throws: ArchiveError.badHeader(.field("linkname"), offset: 0)) {
      try read(RawHeader(type: "2").bytes)
    }
  }

  @Test("applies extended headers to one entry, global ones to all, later ones over earlier ones")
  func extendedHeaders() throws {
    let entries = try read(
      pax(record("mtime", "7.5") + record("uid", "1") + record("comment", "c"), type: "g"), file,
      pax(
        record("uid", "2") + record("path", "a=b\nc") + record("mtime", "-1.25")
          + record("SCHILY.xattr.user.x", "=\n") + record("uid", "3")),
      file,
      pax(record("mtime", "") + record("gid", "9")), file,
      pax(record("uid", "4"), type: "g"), file)
    let metadata = entries.map(\.entry.metadata)
    #expect(entries.map { Tool.text($0.entry.path) } == ["file", "a=b\nc", "file", "file"])
    #expect(metadata.map(\.userID) == [1, 3, 1, 4])
    #expect(metadata.map(\.groupID) == [0, 0, 9, 0])
    #expect(
      metadata.map(\.modificationTime) == [
        FileTime(seconds: 7, nanoseconds: 500_000_000),
        FileTime(seconds: -2, nanoseconds: 750_000_000), .epoch,
        FileTime(seconds: 7, nanoseconds: 500_000_000),
      ])
    #expect(
      metadata[1].extendedAttributes == [
        ExtendedAttribute(name: Array("user.x".utf8), value: Array("=\n".utf8))
      ])
    #expect(metadata.indices.allSatisfy { $0 == 1 || metadata[$0].extendedAttributes.isEmpty })
  }

  @Test("takes a file's size from its extended header, not the size of the header between")
  func extendedSize() throws {
    // Readers that disagree here see different entries in one archive.
    let inner = RawHeader(name: "smuggled").bytes
    let outer = RawHeader(name: "outer", size: "00000000000").bytes
    let longName = RawHeader(name: "././@LongLink", type: "L", data: Array("long\0".utf8)).bytes
    let entries = try read(pax(record("size", "512")), longName, outer, inner)
    #expect(entries.map { Tool.text($0.entry.path) } == ["long"])
    #expect(entries.first?.contents == inner)
  }

  @Test(
    "refuses malformed extended headers",
    arguments: [
      "x", "4 a=\n", "7 a=b\n", "5 a=b\n", "06a=b\n", " 6 a=b\n", "-6 a=b\n", "6  a=b\n", "6 =bc\n",
      "5 ab\n", "6 a=bc", "99999999 a=b\n", "9223372036854775807 a=b\n", "0 a=b\n", "2 \n", "3 \n",
      "10 size=-\n", "11 size=-1\n", "12 size=0x1\n", "28 size=9223372036854775808\n",
      "12 uid=1.5\n", "19 uid=4294967296\n", "11 mtime=\u{0}\n", "11 mtime=.\n", "13 mtime=1e9\n",
      "13 mtime=--1\n", "11 path=\u{0}\n", "17 SCHILY.xattr.=\n",
    ])
  func malformedRecords(records: String) {
    do {
      _ = try read(pax(records), file)
      Issue.record("was read")
    } catch ArchiveError.badHeader(.extendedHeader, offset: 0) {
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test("refuses sizes and names for all entries at once", arguments: ["path", "linkpath", "size"])
  func globalSizes(keyword: String) {
    #expect(
      throws: ArchiveError.badHeader(
        .extendedHeader("`\(keyword)` is set for all entries"), offset: 0)
    ) {
      try read(pax(record(keyword, "1"), type: "g"), file)
    }
  }

  @Test("refuses a size that would pass the end of all offsets")
  func overflow() {
    #expect(throws: ArchiveError.badHeader(.field("size"), offset: 1024)) {
      try read(pax(record("size", "9223372036854775807")), file)
    }
  }

  @Test("caps what headers ask for, before it is allocated")
  func caps() throws {
    for (type, limit) in [("x", 1 << 20), ("g", 1 << 20), ("L", 65537), ("K", 65537)]
      as [(Character, Int64)]
    {
      let fault = ArchiveError.HeaderFault.extensionTooLong(length: 0o77777777777, limit: limit)
      #expect(throws: ArchiveError.badHeader(fault, offset: 0)) {
        try read(RawHeader(type: type, size: "77777777777").bytes)
      }
    }
    let long = pax(record("path", String(repeating: "p", count: 70_000)))
    #expect(throws: ArchiveError.self) { try read(long, file) }
    // Many global headers together are one.
    let global = pax(record("comment", String(repeating: "c", count: 100_000)), type: "g")
    #expect(throws: ArchiveError.self) {
      try read([[UInt8]](repeating: global, count: 11).flatMap { $0 })
    }
    #expect(try read([[UInt8]](repeating: global, count: 10).flatMap { $0 }, file).count == 1)
  }

  @Test("refuses an extended header with no entry after it")
  func dangling() throws {
    let offset = Int64(pax(record("uid", "1")).count)
    #expect(throws: ArchiveError.badHeader(.danglingExtension, offset: offset)) {
      try read(pax(record("uid", "1")))
    }
    #expect(throws: ArchiveError.badHeader(.danglingExtension, offset: offset)) {
      try untar(pax(record("uid", "1")))
    }
  }

  @Test("reads contents in pieces of any size, or not at all")
  func pieces() throws {
    var generator = SeededGenerator(seed: 1)
    let contents = generator.bytes(1_000_003)
    var sample = Sample.file("large")
    sample.entry.metadata.size = Int64(contents.count)
    sample.contents = contents
    let archive = try tar([sample, .file("next")])
    for size in [1000, 65536, 300_000, 2_000_000] {
      let reader = TarReader(MemorySource(archive, largestRead: size / 3))
      _ = try reader.next()
      var result: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: size)
      while case let count = try buffer.withUnsafeMutableBytes({ try reader.readContents(into: $0) }
      ),
        count > 0
      {
        result += buffer[..<count]
        if size == 2_000_000, result.count > 700_000 { break }
      }
      #expect(Array(contents.prefix(result.count)) == result)
      #expect(try reader.next()?.path == Array("next".utf8))
      #expect(try reader.next() == nil)
    }
    let reader = TarReader(MemorySource(archive))
    _ = try reader.next()
    #expect(throws: ArchiveError.tooLarge(limit: 1_000_002)) {
      try reader.readContents(limit: 1_000_002)
    }
  }
}
