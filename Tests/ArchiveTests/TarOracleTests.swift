import Archive
import Glibc
import Testing

@Suite("Other tars")
struct TarOracleTests {
  /// What can be made in a folder, by root or not.
  private static let tree: [Sample] = [
    .other(.directory, "d") { $0.permissions = 0o1777 },
    .file("d/hello", "hello, world\n", permissions: 0o4755),
    .other(.hardLink, "d/again", target: "d/hello") { $0.permissions = 0o4755 },
    .other(.symbolicLink, "d/link", target: "../" + String(repeating: "t", count: 120)) {
      $0.permissions = 0o777
    },
    .other(.fifo, "pipe"),
    .file("grüße", "unicode"),
    Sample(
      entry: TarEntry(
        path: [0xff, 0xfe, 0x41], metadata: FileMetadata(kind: .regular, permissions: 0o600))),
    .file("new\nline", "odd"),
    .file(
      "prefix-" + String(repeating: "p", count: 100) + "/name", String(repeating: "x", count: 512)),
    .file(String(repeating: "l", count: 201), String(repeating: "y", count: 513)),
  ]

  @Test("GNU tar extracts what is written, attribute by attribute")
  func extractedByGNU() throws {
    try ScratchFolder.with { folder in
      try folder.write(tar(Self.tree), to: "archive.tar")
      let target = folder.file("out")
      mkdir(target, 0o700)
      try Tool.run(
        "tar", "-x", "-p", "--no-same-owner", "-C", target, "-f", folder.file("archive.tar"))
      let listing = try Tool.run(
        "find", target, "-mindepth", "1", "-printf", "%P\\0%y\\0%m\\0%s\\0%T@\\0%l\\0")
      let fields = listing.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      var found: [[UInt8]: [String]] = [:]
      var rest = fields[...]
      while rest.count >= 6 {
        found[Array(rest.removeFirst())] = (0..<5).map { _ in Tool.text(Array(rest.removeFirst())) }
      }
      for sample in Self.tree {
        let metadata = sample.entry.metadata
        let type =
          switch metadata.kind {
          case .directory: "d"
          case .symbolicLink: "l"
          case .fifo: "p"
          default: "f"
          }
        let fields = try #require(found[sample.entry.path])
        #expect(fields[0] == type)
        #expect(fields[1] == String(metadata.permissions, radix: 8))
        // The hard link is the file it names; directories and links have sizes of their own.
        if metadata.kind == .regular { #expect(fields[2] == "\(metadata.size)") }
        #expect(fields[3] == "0.0000000000")
        #expect(fields[4] == (type == "l" ? Tool.text(metadata.linkTarget) : ""))
      }
      #expect(try folder.read("out/d/again") == Array("hello, world\n".utf8))
    }
  }

  @Test("Python reads every field of what is written")
  func readByPython() throws {
    let script = """
      import sys, tarfile
      raw = lambda text: text.encode("utf-8", "surrogateescape").hex()
      for e in tarfile.open(sys.argv[1], encoding="utf-8", errors="surrogateescape"):
          xattrs = sorted((raw(k[13:]), raw(v)) for k, v in e.pax_headers.items()
                          if k.startswith("SCHILY.xattr."))
          print(raw(e.name), e.type.decode(), e.mode, e.uid, e.gid, e.size, int(e.mtime),
                raw(e.linkname), e.devmajor, e.devminor, e.offset_data,
                ",".join(a + "=" + b for a, b in xattrs), e.uname + e.gname, sep="|")
      """
    let seed = freshSeed()
    var generator = SeededGenerator(seed: seed)
    let samples = TarWriterTests.everything + (0..<200).map { _ in .random(using: &generator) }
    let archive = try tar(samples)
    let lines = try ScratchFolder.with { folder in
      try folder.write(archive, to: "archive.tar")
      try folder.write(Array(script.utf8), to: "read.py")
      return Tool.text(
        try Tool.run("/usr/bin/python3", folder.file("read.py"), folder.file("archive.tar"))
      ).split(separator: "\n")
    }
    let reader = TarReader(MemorySource(archive))
    #expect(lines.count == samples.count, "seed \(seed)")
    for (sample, line) in zip(samples, lines) {
      _ = try reader.next()
      let metadata = sample.entry.metadata
      let type = Self.typeFlag(metadata.kind)
      let attributes = metadata.extendedAttributes
        .map { "\(hex($0.name))=\(hex($0.value))" }.joined(separator: ",")
      let expected =
        "\(hex(sample.entry.path))|\(type)|\(metadata.permissions)|\(metadata.userID)"
        + "|\(metadata.groupID)|\(metadata.size)|\(metadata.modificationTime.seconds)"
        + "|\(hex(metadata.linkTarget))|\(metadata.deviceMajor)|\(metadata.deviceMinor)"
        + "|\(reader.contentOffset)|\(attributes)|"
      #expect(line == expected, "seed \(seed)")
    }
  }

  private static func typeFlag(_ kind: FileMetadata.Kind) -> Int {
    switch kind {
    case .regular: 0
    case .hardLink: 1
    case .symbolicLink: 2
    case .characterDevice: 3
    case .blockDevice: 4
    case .directory: 5
    case .fifo: 6
    }
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// A tree on disk, made by the shell.
  private static let makeTree = """
    set -e
    cd "$1"
    mkdir -p tree/sub
    printf 'hello, world\\n' > tree/hello
    chmod 4755 tree/hello
    head -c 70000 /dev/zero | tr '\\0' z > tree/sub/large
    ln tree/hello tree/twin
    ln -s ../elsewhere tree/sub/link
    chmod 1777 tree/sub
    find tree -exec touch -h -d '2001-02-03 04:05:06.789 UTC' {} +
    """

  private func withTree(_ body: (ScratchFolder) throws -> Void) throws {
    try ScratchFolder.with { folder in
      try Tool.run("sh", "-c", Self.makeTree, "sh", folder.path)
      try body(folder)
    }
  }

  private func check(_ archive: [UInt8], nanoseconds: Int32, comment: Comment) throws {
    let entries = try untar(archive)
    let byPath = Dictionary(uniqueKeysWithValues: entries.map { (Tool.text($0.entry.path), $0) })
    #expect(
      Set(byPath.keys) == [
        "tree", "tree/hello", "tree/twin", "tree/sub", "tree/sub/large", "tree/sub/link",
      ], comment)
    for entry in entries {
      let time = FileTime(seconds: 981_173_106, nanoseconds: nanoseconds)
      #expect(entry.entry.metadata.modificationTime == time, comment)
    }
    let links = entries.filter { $0.entry.metadata.kind == .hardLink }
    #expect(links.count == 1, comment)
    let files = ["tree/hello", "tree/twin"].compactMap { byPath[$0] }
    #expect(files.contains { $0.contents == Array("hello, world\n".utf8) }, comment)
    #expect(files.allSatisfy { $0.entry.metadata.permissions == 0o4755 }, comment)
    #expect(
      byPath["tree/sub/large"]?.contents == [UInt8](repeating: UInt8(ascii: "z"), count: 70000))
    #expect(byPath["tree/sub/link"]?.entry.metadata.linkTarget == Array("../elsewhere".utf8))
    #expect(byPath["tree/sub"]?.entry.metadata.kind == .directory, comment)
    #expect(byPath["tree/sub"]?.entry.metadata.permissions == 0o1777, comment)
  }

  @Test("GNU tar's archives are read", arguments: ["v7", "oldgnu", "gnu", "ustar", "pax"])
  func gnuFormats(format: String) throws {
    try withTree { folder in
      let archive = folder.file("archive.tar")
      try Tool.run("tar", "--format=\(format)", "-C", folder.path, "-cf", archive, "tree")
      let fraction: Int32 = format == "pax" ? 789_000_000 : 0
      try check(folder.read("archive.tar"), nanoseconds: fraction, comment: "\(format)")
    }
  }

  @Test("Python's archives are read", arguments: ["USTAR", "GNU", "PAX"])
  func pythonFormats(format: String) throws {
    try withTree { folder in
      let script = """
        import os, sys, tarfile
        os.chdir(sys.argv[1])
        with tarfile.open("archive.tar", "w", format=tarfile.\(format)_FORMAT) as archive:
            archive.add("tree")
        """
      try Tool.run("/usr/bin/python3", "-c", script, folder.path)
      let bytes = try folder.read("archive.tar")
      // Python's fraction is what a double has left of it.
      let first = try #require(try TarReader(MemorySource(bytes)).next())
      let fraction = first.metadata.modificationTime.nanoseconds
      #expect(format == "PAX" ? abs(fraction - 789_000_000) < 1000 : fraction == 0)
      try check(bytes, nanoseconds: fraction, comment: "\(format)")
    }
  }

  @Test(
    "GNU's and PAX's long names, large owners and early times are read", arguments: ["gnu", "pax"])
  func extremes(format: String) throws {
    try ScratchFolder.with { folder in
      let long = String(repeating: "component/", count: 30) + String(repeating: "n", count: 150)
      let target = String(repeating: "t", count: 300)
      let script = """
        set -e
        cd "$1"
        mkdir -p "$(dirname "$2")"
        echo text > "$2"
        ln -s "$3" link
        tar --format=\(format) --owner=someone:4000000000 --group=some:3000000 \
          --mtime='1950-01-01 00:00:00 UTC' -cf archive.tar "$2" link
        """
      try Tool.run("sh", "-c", script, "sh", folder.path, long, target)
      let entries = try untar(folder.read("archive.tar"))
      #expect(entries.map { Tool.text($0.entry.path) } == [long, "link"])
      #expect(entries.first?.contents == Array("text\n".utf8))
      #expect(entries.last?.entry.metadata.linkTarget == Array(target.utf8))
      for metadata in entries.map(\.entry.metadata) {
        #expect(metadata.userID == 4_000_000_000)
        #expect(metadata.groupID == 3_000_000)
        #expect(metadata.modificationTime == FileTime(seconds: -631_152_000))
      }
    }
  }

  @Test("Sparse files are refused, in all four forms", arguments: ["gnu", "0.0", "0.1", "1.0"])
  func sparse(form: String) throws {
    try ScratchFolder.with { folder in
      let format = form == "gnu" ? "--format=gnu" : "--format=pax --sparse-version=\(form)"
      let script = "cd \"$1\" && truncate -s 1M holes && tar -S \(format) -cf archive.tar holes"
      try Tool.run("sh", "-c", script, "sh", folder.path)
      let error = ArchiveError.badHeader(.sparse, offset: 0)
      #expect(throws: ArchiveError.self) { try untar(folder.read("archive.tar")) }
      #expect(
        "\(error)" == """
          the tar archive is malformed at byte 0: sparse files are not supported
          hint: create the archive without `--sparse`
          """)
      do { _ = try untar(folder.read("archive.tar")) } catch ArchiveError.badHeader(let fault, _) {
        #expect(fault == .sparse)
      }
    }
  }

  @Test(
    "Sparse files are read with zeros for their holes where that is asked for",
    arguments: ["gnu", "0.0", "0.1", "1.0"])
  func expandedSparse(form: String) throws {
    try ScratchFolder.with { folder in
      let format = form == "gnu" ? "--format=gnu" : "--format=pax --sparse-version=\(form)"
      let script = """
        cd "$1" && truncate -s 3M many empty && : > none && echo end > last
        for i in $(seq 0 60); do
          printf "part $i" | dd of=many bs=1 seek=$((i * 40000)) conv=notrunc status=none
        done
        tar -S \(format) -cf archive.tar many empty none last
        """
      try Tool.run("sh", "-c", script, "sh", folder.path)
      let archive = try folder.read("archive.tar")
      for largestRead in [Int.max, 1000] {
        let reader = TarReader(
          MemorySource(archive, largestRead: largestRead), sparseFiles: .expanded)
        for name in ["many", "empty", "none", "last"] {
          let entry = try #require(try reader.next())
          let expected = try folder.read(name)
          #expect(Tool.text(try entry.validatedPath()) == name)
          #expect(entry.metadata.size == Int64(expected.count))
          #expect(try reader.readContents(limit: 4 << 20) == expected)
        }
        #expect(try reader.next() == nil)
      }
      let skipping = TarReader(MemorySource(archive), sparseFiles: .expanded)
      var count = 0
      while try skipping.next() != nil { count += 1 }
      #expect(count == 4)
    }
  }

  @Test("A sparse file's map that makes no sense is an error")
  func badSparseMaps() throws {
    func old(_ parts: [(String, String)], stored: Int, size: String) -> [UInt8] {
      var header = RawHeader(name: "f", type: "S", data: [UInt8](repeating: 1, count: stored))
      header.fields = [(483, Array(size.utf8))]
      for (index, part) in parts.enumerated() {
        header.fields.append((386 + 24 * index, Array(part.0.utf8)))
        header.fields.append((398 + 24 * index, Array(part.1.utf8)))
      }
      return header.bytes + endOfArchive
    }
    func read(_ archive: [UInt8]) throws -> [UInt8]? {
      let reader = TarReader(MemorySource(archive), sparseFiles: .expanded)
      return try reader.next() == nil ? nil : reader.readContents(limit: 1 << 20)
    }
    #expect(
      try read(old([("00000000002", "00000000003")], stored: 3, size: "00000000006")) == [
        0, 0, 1, 1, 1, 0,
      ])
    for (parts, stored, size) in [
      ([("00000000002", "00000000003")], 3, "00000000004"),
      ([("00000000002", "00000000003")], 4, "00000000010"),
      ([("00000000004", "00000000001"), ("00000000002", "00000000001")], 2, "00000000010"),
      ([("00000000000", "00000000002"), ("00000000001", "00000000001")], 3, "00000000010"),
      ([("00000000000", "77777777777")], 1, "77777777777"),
    ] {
      #expect(throws: ArchiveError.badHeader(.sparseMap, offset: 0)) {
        try read(old(parts, stored: stored, size: size))
      }
    }
  }
}
