import Archive

/// Numbers that look random and are the same again for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Bytes that compress, as text and programs do, and do not repeat from block to block.
  mutating func prose(_ count: Int) -> [UInt8] {
    let words = (0..<200).map { _ in bytes(Int.random(in: 2...9, using: &self)) }
    var result: [UInt8] = []
    result.reserveCapacity(count + 16)
    while result.count < count {
      result += words[Int(next() % 200)]
      if next() % 4 == 0 { result.append(UInt8(truncatingIfNeeded: next())) }
    }
    result.removeSubrange(count...)
    return result
  }
}

/// A seed for this run, to be shown by whatever fails.
func freshSeed() -> UInt64 { .random(in: .min ... .max) }

/// An entry with its contents.
struct Sample: Hashable {
  var entry: TarEntry
  var contents: [UInt8] = []
}

extension Sample {
  /// A file, by default one that an image would hold.
  static func file(_ path: String, _ text: String = "", permissions: UInt16 = 0o644) -> Sample {
    let contents = Array(text.utf8)
    return Sample(
      entry: TarEntry(
        path: path,
        metadata: FileMetadata(
          kind: .regular, permissions: permissions, size: Int64(contents.count))),
      contents: contents)
  }

  static func other(
    _ kind: FileMetadata.Kind, _ path: String, target: String = "",
    change: (inout FileMetadata) -> Void = { _ in }
  ) -> Sample {
    var metadata = FileMetadata(kind: kind, permissions: 0o755, linkTarget: Array(target.utf8))
    change(&metadata)
    return Sample(entry: TarEntry(path: path, metadata: metadata))
  }

  /// Any entry at all that a writer takes.
  static func random(using generator: inout SeededGenerator) -> Sample {
    let kinds: [FileMetadata.Kind] = [
      .regular, .regular, .regular, .directory, .symbolicLink, .hardLink, .characterDevice,
      .blockDevice, .fifo,
    ]
    let kind = kinds[Int.random(in: 0..<kinds.count, using: &generator)]
    let lengths = [0, 1, 511, 512, 513, 1024, Int.random(in: 0...70_000, using: &generator)]
    let contents = kind == .regular ? generator.bytes(lengths[Int(generator.next() % 7)]) : []
    var metadata = FileMetadata(
      kind: kind,
      permissions: UInt16.random(in: 0...0o7777, using: &generator),
      userID: randomID(using: &generator),
      groupID: randomID(using: &generator),
      size: Int64(contents.count),
      modificationTime: FileTime(
        seconds: Int64.random(in: -10_000_000_000...20_000_000_000, using: &generator),
        nanoseconds: Int32.random(in: 0..<1_000_000_000, using: &generator)))
    if kind == .symbolicLink || kind == .hardLink {
      metadata.linkTarget = randomPath(using: &generator)
    }
    if kind == .characterDevice || kind == .blockDevice {
      metadata.deviceMajor = UInt32.random(in: 0...0o7777777, using: &generator)
      metadata.deviceMinor = UInt32.random(in: 0...0o7777777, using: &generator)
    }
    if generator.next() % 4 == 0 {
      let names = Set(
        (0..<Int.random(in: 1...4, using: &generator)).map { _ in "user.\(generator.next() % 100)" }
      )
      metadata.extendedAttributes = names.sorted().map {
        ExtendedAttribute(
          name: Array($0.utf8), value: generator.bytes(Int.random(in: 1...300, using: &generator)))
      }
    }
    let entry = TarEntry(path: randomPath(using: &generator), metadata: metadata)
    return Sample(entry: entry, contents: contents)
  }

  private static func randomID(using generator: inout SeededGenerator) -> UInt32 {
    let choices: [UInt32] = [
      0, 1000, 0o7777777, 0o10000000, .max, UInt32(truncatingIfNeeded: generator.next()),
    ]
    return choices[Int(generator.next() % 6)]
  }

  /// Short or long, plain or any bytes at all; long ones that fit a prefix among them.
  private static func randomPath(using generator: inout SeededGenerator) -> [UInt8] {
    let isPlain = generator.next() % 2 == 0
    let components = (0..<Int.random(in: 1...5, using: &generator)).map { _ -> [UInt8] in
      let length = Int.random(in: 3...(generator.next() % 3 == 0 ? 120 : 12), using: &generator)
      return (0..<length).map { _ in
        if isPlain {
          return UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &generator)
        }
        let byte = UInt8.random(in: 1...255, using: &generator)
        return byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
      }
    }
    return Array(components.joined(separator: [UInt8(ascii: "/")]))
  }

  /// As it comes back from an archive: with whole seconds.
  var rounded: Sample {
    var result = self
    result.entry.metadata.modificationTime.nanoseconds = 0
    return result
  }
}

/// The archive of some entries.
func tar(_ samples: [Sample], pieceSize: Int = .max) throws -> [UInt8] {
  let sink = MemorySink()
  let writer = TarWriter(sink)
  for sample in samples {
    try writer.begin(sample.entry)
    var rest = sample.contents[...]
    while !rest.isEmpty {
      try writer.writeContents(Array(rest.prefix(pieceSize)))
      rest = rest.dropFirst(pieceSize)
    }
  }
  try writer.finish()
  return sink.bytes
}

/// The entries of an archive, each as it is; directories lose their slash.
func untar(_ archive: [UInt8], largestRead: Int = .max) throws -> [Sample] {
  let reader = TarReader(MemorySource(archive, largestRead: largestRead))
  var result: [Sample] = []
  while var entry = try reader.next() {
    entry.path = try entry.validatedPath()
    result.append(Sample(entry: entry, contents: try reader.readContents(limit: 1 << 30)))
  }
  return result
}

/// A header block made by hand, to put into it what no writer would.
struct RawHeader {
  var name = "name"
  var type: Character = "0"
  var fields: [(offset: Int, bytes: [UInt8])] = []
  var data: [UInt8] = []
  var size: String?
  var checksumIsWrong = false

  /// The block, and the data padded.
  var bytes: [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    func put(_ bytes: [UInt8], at offset: Int) {
      block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    put(Array(name.utf8), at: 0)
    put(Array("0000644".utf8), at: 100)
    put(Array("0000000".utf8), at: 108)
    put(Array("0000000".utf8), at: 116)
    put(Array((size ?? octal(data.count, 11)).utf8), at: 124)
    put(Array("00000000000".utf8), at: 136)
    put(Array(type.utf8), at: 156)
    put(Array("ustar\u{0}00".utf8), at: 257)
    for field in fields { put(field.bytes, at: field.offset) }
    put(Array("        ".utf8), at: 148)
    let sum = block.reduce(0) { $0 + Int($1) } + (checksumIsWrong ? 1 : 0)
    put(Array("\(octal(sum, 6))\u{0} ".utf8), at: 148)
    return block + data + [UInt8](repeating: 0, count: -data.count & 511)
  }
}

let endOfArchive = [UInt8](repeating: 0, count: 1024)
