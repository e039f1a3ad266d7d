internal import Archive
internal import OCI

/// The index of a layer's tar: what each path is, in full, and where its contents lie.
///
/// The tar may say less (times are clamped and have no nanoseconds); the index has the truth. It is
/// read as a whole and looked up in place. Integers are little-endian.
///
///     offset  size
///     0       8      "slipTIX1"
///     8       4      B, the length of the blob's line
///     12      4      N, the number of block offsets; 0: the blob cannot be read from the middle
///     16      8      uncompressed bytes in a block
///     24      8      the size of the tar in bytes
///     32      4      R, the number of records, at least 1
///     36      4      flags; 1: something depends on the layers below
///     40      8      L, the length of the records
///     48      B      the blob, as ``LayerBlob`` writes it
///             8 × N  where in the blob each block starts, and where the last one ends
///             8 × R  where each record starts, from the start of the records
///             L      the records, in the order of ``TreePath``; the first is the root's
///             32     the SHA-256 of all before it
///
/// A record:
///
///     0       4      the number of the first record that is not below this one
///     4       1      kind, as in `FileMetadata.Kind`; 255: a whiteout
///     5       1      flags; 1: opaque, 2: nobody described this directory
///     6       2      permissions
///     8       4      user ID
///     12      4      group ID
///     16      8      size in bytes
///     24      8      modification time, seconds
///     32      4      modification time, nanoseconds
///     36      4      device, major
///     40      4      device, minor
///     44      4      the number of the file where it has several names here, counted from 1; else 0
///     48      8      where in the tar the contents start
///     56      4      P, the length of the path
///     60      4      T, the length of the link's target
///     64      4      X, the number of extended attributes
///     68      P + T  path and target
///             X ×    length of the name (4), length of the value (4), name, value
struct TarIndex: Sendable {
  static let magic = Array("slipTIX1".utf8)
  static let headerSize = 48
  static let recordHeaderSize = 68
  static let whiteoutKind: UInt8 = 255
  static let dependsOnLowerFlag: UInt32 = 1
  static let opaqueFlag: UInt8 = 1
  static let implicitFlag: UInt8 = 2

  /// Why bytes are no index.
  struct Malformed: Error, CustomStringConvertible {
    var problem: String
    var description: String { "the index of a layer is damaged: \(problem)" }
  }

  let blob: LayerBlob
  /// Nil where the blob cannot be read from the middle.
  let blocks: GzipBlockIndex?
  let tarSize: Int64
  let recordCount: Int
  /// Whether there are directories that nobody described, or hard links to lower layers' files.
  let dependsOnLower: Bool
  private let bytes: [UInt8]
  private let offsets: Range<Int>
  private let records: Range<Int>

  /// Checks and takes an index. Throws `Malformed`.
  init(_ bytes: [UInt8]) throws(Malformed) {
    let digestSize = 32
    guard bytes.count >= Self.headerSize + digestSize, bytes.starts(with: Self.magic) else {
      throw Malformed(problem: "it is cut short, or of another version")
    }
    let end = bytes.count - digestSize
    let digest = bytes.withUnsafeBytes {
      Digest.sha256(of: UnsafeRawBufferPointer(rebasing: $0[..<end]))
    }
    guard digest.bytes.elementsEqual(bytes[end...]) else {
      throw Malformed(problem: "its checksum is wrong")
    }
    let cursor = IndexCursor(bytes: bytes, end: end)
    let blobLength = Int(try cursor.uint32(at: 8))
    let blockCount = Int(try cursor.uint32(at: 12))
    let recordCount = Int(try cursor.uint32(at: 32))
    let recordsLength = try cursor.int64(at: 40)
    let blocksStart = Self.headerSize + blobLength
    let offsetsStart = blocksStart + 8 * blockCount
    let recordsStart = offsetsStart + 8 * recordCount
    guard recordCount > 0, recordsStart <= end, recordsLength == Int64(end - recordsStart) else {
      throw Malformed(problem: "its lengths do not fit")
    }
    guard let blob = LayerBlob(encoded: bytes[Self.headerSize..<blocksStart]) else {
      throw Malformed(problem: "it names no blob")
    }
    self.blob = blob
    self.tarSize = try cursor.int64(at: 24)
    self.recordCount = recordCount
    self.dependsOnLower = try cursor.uint32(at: 36) & Self.dependsOnLowerFlag != 0
    if blockCount == 0 {
      blocks = nil
    } else {
      var starts: [Int64] = []
      starts.reserveCapacity(blockCount)
      for number in 0..<blockCount { starts.append(try cursor.int64(at: blocksStart + 8 * number)) }
      blocks = GzipBlockIndex(
        blockSize: Int(try cursor.int64(at: 16)), uncompressedSize: tarSize, blockOffsets: starts)
    }
    self.bytes = bytes
    offsets = offsetsStart..<recordsStart
    records = recordsStart..<end
  }

  /// The record of a path; nil where there is none.
  func find(_ path: TreePath) throws -> Int? {
    var low = 0
    var high = recordCount
    while low < high {
      let middle = (low + high) / 2
      let order = try record(middle).compare(path)
      if order == 0 { return middle }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// The record of a number below `recordCount`.
  func record(_ number: Int) throws -> Record {
    let cursor = IndexCursor(bytes: bytes, end: records.upperBound)
    let start = try cursor.int64(at: offsets.lowerBound + 8 * number)
    guard start >= 0, start <= Int64(records.count - Self.recordHeaderSize) else {
      throw Malformed(problem: "record \(number) lies outside of it")
    }
    return Record(
      cursor: cursor, start: records.lowerBound + Int(start), number: number, count: recordCount)
  }

  /// The numbers of a directory's entries, in order.
  func entries(of directory: Int) throws -> [Int] {
    var result: [Int] = []
    let end = try record(directory).subtreeEnd()
    var next = directory + 1
    while next < end {
      result.append(next)
      next = try record(next).subtreeEnd()
    }
    return result
  }
}

extension TarIndex {
  /// Whether a directory that nobody described is a symbolic link in the layers below.
  func leadsThroughLinks(of lower: LowerTree) throws -> Bool {
    for number in 1..<max(1, recordCount) {
      let record = try record(number)
      if try record.isImplicit(), try lower.directory(behindLinkAt: record.path()) != nil {
        return true
      }
    }
    return false
  }
}

extension TarIndex {
  /// One path of the index, decoded as it is asked for.
  struct Record {
    fileprivate let cursor: IndexCursor
    fileprivate let start: Int
    let number: Int
    fileprivate let count: Int

    private var pathStart: Int { start + TarIndex.recordHeaderSize }

    /// Always beyond this record, so that a walk ends.
    func subtreeEnd() throws(Malformed) -> Int {
      let end = Int(try cursor.uint32(at: start))
      guard end > number, end <= count else { throw Malformed(problem: "its records are cyclic") }
      return end
    }

    func kind() throws(Malformed) -> UInt8 { try cursor.uint8(at: start + 4) }
    func isOpaque() throws(Malformed) -> Bool {
      try cursor.uint8(at: start + 5) & TarIndex.opaqueFlag != 0
    }
    func isImplicit() throws(Malformed) -> Bool {
      try cursor.uint8(at: start + 5) & TarIndex.implicitFlag != 0
    }
    func isWhiteout() throws(Malformed) -> Bool { try kind() == TarIndex.whiteoutKind }
    func linkIdentity() throws(Malformed) -> UInt64? {
      let number = try cursor.uint32(at: start + 44)
      return number == 0 ? nil : UInt64(number)
    }
    func contentOffset() throws(Malformed) -> Int64 { try cursor.int64(at: start + 48) }

    func path() throws(Malformed) -> TreePath {
      TreePath(
        canonical: Array(try cursor.slice(at: pathStart, Int(try cursor.uint32(at: start + 56)))))
    }

    /// The last name of the path.
    func name() throws(Malformed) -> [UInt8] {
      let path = try cursor.slice(at: pathStart, Int(try cursor.uint32(at: start + 56)))
      guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return Array(path) }
      return Array(path[(slash + 1)...])
    }

    /// Below 0 where this record comes before `other`.
    fileprivate func compare(_ other: TreePath) throws(Malformed) -> Int {
      let path = try cursor.slice(at: pathStart, Int(try cursor.uint32(at: start + 56)))
      return path.withUnsafeBufferPointer { a in
        other.bytes.withUnsafeBufferPointer { b in
          for index in 0..<min(a.count, b.count) where a[index] != b[index] {
            return rank(a[index]) - rank(b[index])
          }
          return a.count - b.count
        }
      }
    }

    func metadata() throws(Malformed) -> FileMetadata {
      guard let kind = FileMetadata.Kind(rawValue: try kind()) else {
        throw Malformed(problem: "it has a kind of file that does not exist")
      }
      var position = pathStart + Int(try cursor.uint32(at: start + 56))
      let target = try cursor.slice(at: position, Int(try cursor.uint32(at: start + 60)))
      position += target.count
      var attributes: [ExtendedAttribute] = []
      for _ in 0..<(try cursor.uint32(at: start + 64)) {
        let nameLength = Int(try cursor.uint32(at: position))
        let valueLength = Int(try cursor.uint32(at: position + 4))
        let name = try cursor.slice(at: position + 8, nameLength)
        let value = try cursor.slice(at: position + 8 + nameLength, valueLength)
        attributes.append(ExtendedAttribute(name: Array(name), value: Array(value)))
        position += 8 + nameLength + valueLength
      }
      return FileMetadata(
        kind: kind, permissions: try cursor.uint16(at: start + 6),
        userID: try cursor.uint32(at: start + 8), groupID: try cursor.uint32(at: start + 12),
        size: try cursor.int64(at: start + 16),
        modificationTime: FileTime(
          seconds: try cursor.int64(at: start + 24),
          nanoseconds: Int32(truncatingIfNeeded: try cursor.uint32(at: start + 32))),
        linkTarget: Array(target), deviceMajor: try cursor.uint32(at: start + 36),
        deviceMinor: try cursor.uint32(at: start + 40), extendedAttributes: attributes)
    }
  }
}

/// The order of ``TreePath``: a slash comes before every other byte.
@inline(__always)
private func rank(_ byte: UInt8) -> Int { byte == UInt8(ascii: "/") ? 0 : Int(byte) }

/// Bounds-checked little-endian reads.
struct IndexCursor {
  fileprivate let bytes: [UInt8]
  fileprivate let end: Int

  func slice(at offset: Int, _ length: Int) throws(TarIndex.Malformed) -> ArraySlice<UInt8> {
    guard offset >= 0, length >= 0, offset <= end, length <= end - offset else {
      throw TarIndex.Malformed(problem: "it reads beyond its end")
    }
    return bytes[offset..<offset + length]
  }

  func uint8(at offset: Int) throws(TarIndex.Malformed) -> UInt8 { try load(at: offset) }
  func uint16(at offset: Int) throws(TarIndex.Malformed) -> UInt16 { try load(at: offset) }
  func uint32(at offset: Int) throws(TarIndex.Malformed) -> UInt32 { try load(at: offset) }
  func int64(at offset: Int) throws(TarIndex.Malformed) -> Int64 { try load(at: offset) }

  @inline(__always)
  private func load<Integer: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int
  ) throws(TarIndex.Malformed) -> Integer {
    guard offset >= 0, offset <= end - MemoryLayout<Integer>.size else {
      throw TarIndex.Malformed(problem: "it reads beyond its end")
    }
    return bytes.withUnsafeBytes {
      Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }
  }
}
