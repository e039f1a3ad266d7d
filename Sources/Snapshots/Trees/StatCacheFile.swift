import Archive
import Glibc
import OCI

/// The bytes of a stat cache on disk, as they are searched: nothing is decoded up front.
///
/// All numbers are little-endian.
///
///     offset  size  header
///          0     8  "slipstat"
///          8     8  version: 2
///         16     8  number of entries
///         24    32  SHA-256 of all entries
///
///     offset  size  entry, sorted by (device, inode), no pair twice
///          0     8  device
///          8     8  inode
///         16     8  size
///         24     8  mtime, seconds
///         32     8  ctime, seconds
///         40     4  mtime, nanoseconds
///         44     4  ctime, nanoseconds
///         48    32  SHA-256 of the contents
///         80     8  1 for a file without extended attributes, else 0
struct StatCacheFile: Sendable {
  struct Entry: Sendable {
    var stamp: FileStamp
    var digest: Digest
    var isPlain: Bool
  }

  private static let magic = Array("slipstat".utf8)
  private static let version: UInt64 = 2
  private static let headerLength = 56
  private static let entryLength = 88
  /// No cache is larger: some six million files.
  static let limit = 512 << 20

  private let bytes: [UInt8]
  let count: Int

  /// A cache without entries.
  init() {
    bytes = []
    count = 0
  }

  /// Nil for bytes that are no cache of this version, or damaged anywhere.
  init?(_ bytes: [UInt8]) {
    let headerLength = StatCacheFile.headerLength
    guard bytes.count >= headerLength, bytes.starts(with: StatCacheFile.magic) else { return nil }
    let body = bytes.count - headerLength
    let header = bytes.withUnsafeBytes { buffer in
      (version: buffer.number(at: 8), count: buffer.number(at: 16))
    }
    guard header.version == StatCacheFile.version, body % StatCacheFile.entryLength == 0,
      header.count == UInt64(body / StatCacheFile.entryLength)
    else { return nil }
    let digest = bytes.withUnsafeBytes {
      Digest.sha256(of: UnsafeRawBufferPointer(rebasing: $0[headerLength...]))
    }
    guard bytes[24..<56].elementsEqual(digest.bytes) else { return nil }
    self.bytes = bytes
    count = body / StatCacheFile.entryLength
  }

  /// The position of the entry for a file; nil where there is none.
  func position(device: UInt64, inode: UInt64) -> Int? {
    bytes.withUnsafeBytes { buffer in
      var low = 0
      var high = count
      while low < high {
        let middle = (low + high) / 2
        let key = key(at: middle, in: buffer)
        if key == (device, inode) { return middle }
        if key < (device, inode) { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }

  func entry(at position: Int) -> Entry? {
    bytes.withUnsafeBytes { buffer in
      let start = StatCacheFile.headerLength + position * StatCacheFile.entryLength
      let stamp = stamp(at: start, in: buffer)
      return Digest(sha256: [UInt8](buffer[(start + 48)..<(start + 80)]))
        .map { Entry(stamp: stamp, digest: $0, isPlain: buffer.number(at: start + 80) == 1) }
    }
  }

  /// Whether a file in exactly this state is known to have no extended attributes.
  func isPlain(_ stamp: FileStamp) -> Bool {
    guard let position = position(device: stamp.device, inode: stamp.inode) else { return false }
    return bytes.withUnsafeBytes { buffer in
      let start = StatCacheFile.headerLength + position * StatCacheFile.entryLength
      return buffer.number(at: start + 80) == 1 && self.stamp(at: start, in: buffer) == stamp
    }
  }

  /// The digest for a file in exactly this state, with the position of its entry.
  func digest(for stamp: FileStamp) -> (position: Int, digest: Digest)? {
    guard let position = position(device: stamp.device, inode: stamp.inode),
      let entry = entry(at: position), entry.stamp == stamp
    else { return nil }
    return (position, entry.digest)
  }

  /// The file for entries, which are sorted by (device, inode).
  static func encode(_ entries: [Entry]) -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(entries.count * entryLength)
    for entry in entries {
      body.append(number: entry.stamp.device)
      body.append(number: entry.stamp.inode)
      body.append(number: entry.stamp.size)
      body.append(number: entry.stamp.modificationTime.seconds)
      body.append(number: entry.stamp.changeTime.seconds)
      body.append(number: entry.stamp.modificationTime.nanoseconds)
      body.append(number: entry.stamp.changeTime.nanoseconds)
      body.append(contentsOf: entry.digest.bytes)
      body.append(number: UInt64(entry.isPlain ? 1 : 0))
    }
    var result = magic
    result.reserveCapacity(headerLength + body.count)
    result.append(number: version)
    result.append(number: UInt64(entries.count))
    result.append(contentsOf: Digest.sha256(of: body).bytes)
    result.append(contentsOf: body)
    return result
  }

  private func key(at position: Int, in buffer: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    let start = StatCacheFile.headerLength + position * StatCacheFile.entryLength
    return (buffer.number(at: start), buffer.number(at: start + 8))
  }

  private func stamp(at start: Int, in buffer: UnsafeRawBufferPointer) -> FileStamp {
    let nanoseconds = buffer.number(at: start + 40)
    return FileStamp(
      device: buffer.number(at: start),
      inode: buffer.number(at: start + 8),
      size: Int64(bitPattern: buffer.number(at: start + 16)),
      modificationTime: FileTime(
        seconds: Int64(bitPattern: buffer.number(at: start + 24)),
        nanoseconds: Int32(truncatingIfNeeded: nanoseconds)),
      changeTime: FileTime(
        seconds: Int64(bitPattern: buffer.number(at: start + 32)),
        nanoseconds: Int32(truncatingIfNeeded: nanoseconds >> 32)))
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func number(at offset: Int) -> UInt64 {
    UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

extension [UInt8] {
  mutating func append(number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
