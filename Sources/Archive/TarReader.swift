/// Reads a tar archive as a stream: v7, ustar, star, GNU and PAX, mixed as they come.
///
/// Everything in it is taken as an attacker's: checksums and numbers are checked, lengths capped, and
/// what is ambiguous between readers or not supported (multi-volume archives, and sparse files unless
/// asked for) is an error that says so. Names are reported raw; see ``TarEntry/validatedPath(absolute:)``.
///
/// Not thread-safe. After an error the reader is of no further use.
package final class TarReader {
  /// How much a header may ask for.
  package struct Limits: Hashable, Sendable {
    /// Of one extended header, and of all global ones together.
    package var extensionLength: Int
    /// Of a name or a link's target.
    package var nameLength: Int
    /// How many parts a sparse file may have.
    package var sparseSegmentCount: Int

    package init(extensionLength: Int, nameLength: Int, sparseSegmentCount: Int = 1 << 18) {
      self.extensionLength = extensionLength
      self.nameLength = nameLength
      self.sparseSegmentCount = sparseSegmentCount
    }

    package static let standard = Limits(extensionLength: 1 << 20, nameLength: 64 << 10)
  }

  private static let bufferSize = 256 << 10

  private let source: any ByteSource
  let limits: Limits
  private let sparseFiles: SparseFilePolicy
  private let buffer: UnsafeMutableRawBufferPointer
  /// The bytes of `buffer` that were read and not used yet.
  private var unread = 0..<0
  private var globals = PAXAttributes()
  private var globalLength = 0
  /// How many bytes of the current entry the archive still has.
  var remaining: Int64 = 0
  /// Of a sparse file, where its holes are.
  private var sparse: SparseReading?
  private var padding = 0
  private var isAtEnd = false

  /// How many bytes of the tar stream have been used.
  package private(set) var position: Int64 = 0
  /// Where in the tar stream the contents of the current entry start.
  package private(set) var contentOffset: Int64 = 0

  package init(
    _ source: any ByteSource, limits: Limits = .standard,
    sparseFiles: SparseFilePolicy = .refused
  ) {
    self.source = source
    self.limits = limits
    self.sparseFiles = sparseFiles
    self.buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
  }

  deinit {
    buffer.deallocate()
  }

  /// The next entry, past what is left of the one before; nil at the end of the archive.
  ///
  /// The end is two blocks of zeros. Like other readers it also takes the end of the stream between
  /// two entries for it; what follows the end is not looked at (see ``drain()``).
  package func next() throws -> TarEntry? {
    if isAtEnd { return nil }
    try skipContents()
    var pending = PendingExtensions()
    while true {
      let offset = position
      do {
        guard let block = try readHeaderBlock() else {
          if !pending.isEmpty { throw HeaderFault.danglingExtension }
          isAtEnd = true
          return nil
        }
        let header = TarHeaderDecoder(block)
        try header.verifyChecksum()
        if try readExtension(header, into: &pending) { continue }
        return try entry(header, pending)
      } catch let fault as HeaderFault {
        throw ArchiveError.badHeader(fault, offset: offset)
      }
    }
  }

  /// Some of the current entry's contents; 0 at their end.
  package func readContents(into destination: UnsafeMutableRawBufferPointer) throws -> Int {
    guard var reading = sparse else { return try readStored(into: destination) }
    defer { sparse = reading }
    return try readSparse(&reading, into: destination)
  }

  /// Some of the bytes that the archive has of the current entry; 0 at their end.
  func readStored(into destination: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = Int(min(Int64(destination.count), remaining))
    if wanted == 0 { return 0 }
    var count: Int
    if unread.isEmpty, wanted >= Self.bufferSize / 4 {
      count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: destination[..<wanted]))
    } else {
      if unread.isEmpty { try refill() }
      count = min(wanted, unread.count)
      destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[unread.prefix(count)]))
      unread.removeFirst(count)
    }
    if count == 0 { throw ArchiveError.truncated("a file's contents") }
    remaining -= Int64(count)
    position += Int64(count)
    return count
  }

  /// Moves all that is left of the current entry's contents to a sink.
  package func copyContents(to sink: any ByteSink) throws {
    if sparse != nil {
      try contents.copy(to: sink)
      return
    }
    while remaining > 0 {
      let piece = try nextPiece(atMost: remaining, of: "a file's contents")
      remaining -= Int64(piece.count)
      try sink.write(piece)
    }
  }

  /// All that is left of the current entry's contents; throws ``ArchiveError/tooLarge(limit:)`` for
  /// more than `limit` bytes before it reads any.
  package func readContents(limit: Int) throws -> [UInt8] {
    if sparse != nil { return try contents.readAll(limit: limit) }
    guard remaining <= Int64(limit) else { throw ArchiveError.tooLarge(limit: Int64(limit)) }
    let sink = MemorySink()
    try copyContents(to: sink)
    return sink.bytes
  }

  /// Goes past the current entry's contents; ``next()`` does it too.
  package func skipContents() throws {
    sparse = nil
    while remaining > 0 {
      remaining -= Int64(try nextPiece(atMost: remaining, of: "a file's contents").count)
    }
    while padding > 0 {
      padding -= try nextPiece(atMost: Int64(padding), of: "a file's padding").count
    }
  }

  /// Reads the stream to its very end, for the sake of checksums and digests of all of it.
  package func drain() throws {
    remaining = 0
    padding = 0
    isAtEnd = true
    repeat {
      position += Int64(unread.count)
      unread = 0..<0
      try refill()
    } while !unread.isEmpty
  }
}

// MARK: - Headers

extension TarReader {
  /// What the headers before an entry said about it.
  private struct PendingExtensions {
    var attributes: PAXAttributes?
    var longName: [UInt8]?
    var longLink: [UInt8]?

    var isEmpty: Bool { attributes == nil && longName == nil && longLink == nil }
  }

  /// The next header block, in the buffer and valid until the next read; nil at the end.
  private func readHeaderBlock() throws -> UnsafeRawBufferPointer? {
    guard let block = try readBlock() else { return nil }
    if !TarHeaderDecoder.isZero(block) { return block }
    guard let second = try readBlock() else { return nil }
    guard TarHeaderDecoder.isZero(second) else { throw HeaderFault.loneZeroBlock }
    return nil
  }

  /// Takes in a header that only speaks of others; false if it is an entry.
  private func readExtension(
    _ header: TarHeaderDecoder, into pending: inout PendingExtensions
  ) throws -> Bool {
    switch header.type {
    case TarType.extendedHeader:
      var attributes = globals
      attributes.readsSparse = sparseFiles == .expanded
      try readExtensionData(header, limit: limits.extensionLength) { data in
        try attributes.apply(data, scope: .local)
      }
      pending.attributes = attributes
    case TarType.globalExtendedHeader:
      // Their sum is capped, so that an archive of nothing else does not pile up memory.
      try readExtensionData(header, limit: limits.extensionLength - globalLength) { data in
        globalLength += data.count
        try globals.apply(data, scope: .global)
      }
    case TarType.gnuLongName:
      pending.longName = try readLongName(header)
    case TarType.gnuLongLink:
      pending.longLink = try readLongName(header)
    default:
      return false
    }
    return true
  }

  private func readLongName(_ header: TarHeaderDecoder) throws -> [UInt8] {
    var name: [UInt8] = []
    try readExtensionData(header, limit: limits.nameLength + 1) { data in
      name = Array(data.prefix { $0 != 0 })
    }
    return name
  }

  /// Gives `body` the data of an extension, whose length the header has and `limit` caps.
  private func readExtensionData(
    _ header: TarHeaderDecoder, limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let length = try header.naturalNumber(.size)
    guard length <= Int64(limit) else {
      throw HeaderFault.extensionTooLong(length: length, limit: Int64(limit))
    }
    try withScratchBuffer(byteCount: Int(length)) { data in
      var filled = 0
      while filled < data.count {
        let piece = try nextPiece(atMost: length - Int64(filled), of: "an extended header")
        UnsafeMutableRawBufferPointer(rebasing: data[filled...]).copyMemory(from: piece)
        filled += piece.count
      }
      padding = TarBlock.padding(after: length)
      try skipContents()
      try body(UnsafeRawBufferPointer(data))
    }
  }

  private func entry(
    _ header: TarHeaderDecoder, _ pending: PendingExtensions
  ) throws -> TarEntry {
    let attributes = pending.attributes ?? globals
    let path = attributes.sparse.name ?? pending.longName ?? attributes.path ?? header.name
    if path.isEmpty { throw HeaderFault.noName }
    if path.count > limits.nameLength {
      throw HeaderFault.extensionTooLong(length: Int64(path.count), limit: Int64(limits.nameLength))
    }
    let kind = try kind(of: header, path: path)
    var metadata = FileMetadata(
      kind: kind,
      permissions: UInt16(truncatingIfNeeded: try header.naturalNumber(.mode) & 0o7777),
      userID: try attributes.userID ?? header.smallNumber(.userID),
      groupID: try attributes.groupID ?? header.smallNumber(.groupID),
      modificationTime: try attributes.modificationTime
        ?? FileTime(seconds: header.number(.modificationTime)))
    if kind.hasTarget {
      let target = pending.longLink ?? attributes.linkPath ?? header.bytes(.linkName)
      if target.isEmpty { throw HeaderFault.field(TarField.linkName.name) }
      if target.count > limits.nameLength {
        throw HeaderFault.extensionTooLong(
          length: Int64(target.count), limit: Int64(limits.nameLength))
      }
      metadata.linkTarget = target
    }
    if kind.isDevice {
      metadata.deviceMajor = try header.smallNumber(.deviceMajor)
      metadata.deviceMinor = try header.smallNumber(.deviceMinor)
    }
    if !attributes.extendedAttributes.isEmpty {
      metadata.extendedAttributes = attributes.extendedAttributes
        .map { ExtendedAttribute(name: $0.key, value: $0.value) }
        .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }
    let size = try attributes.size ?? header.naturalNumber(.size)
    try startContents(size: Self.hasContents(header.type) ? size : 0)
    metadata.size = kind == .regular ? size : 0
    if kind == .regular, let map = try sparseMap(header, attributes.sparse) {
      metadata.size = map.size
      sparse = SparseReading(map)
    }
    return TarEntry(path: path, metadata: metadata)
  }

  /// Where a sparse file has data; nil for other files.
  private func sparseMap(
    _ header: TarHeaderDecoder, _ records: SparseRecords
  ) throws -> SparseMap? {
    if header.type == TarType.gnuSparse {
      // Reading on overwrites the header that is looked at.
      let map = try readOldSparseMap(header)
      contentOffset = position
      return map
    }
    if records.isEmpty { return nil }
    if records.mapIsInContents { return try readSparseMapText(records) }
    return try records.map(stored: remaining)
  }

  private func startContents(size: Int64) throws(HeaderFault) {
    // No position in the archive may pass what an offset can hold.
    guard size <= Int64.max - position - Int64(TarBlock.size) else {
      throw .field(TarField.size.name)
    }
    contentOffset = position
    remaining = size
    padding = TarBlock.padding(after: size)
  }

  private func kind(
    of header: TarHeaderDecoder, path: [UInt8]
  ) throws(HeaderFault) -> FileMetadata.Kind {
    switch header.type {
    // Before ustar a trailing slash was all that told a directory from a file.
    case TarType.oldRegular: path.last == UInt8(ascii: "/") ? .directory : .regular
    case TarType.regular, TarType.contiguous: .regular
    case TarType.hardLink: .hardLink
    case TarType.symbolicLink: .symbolicLink
    case TarType.characterDevice: .characterDevice
    case TarType.blockDevice: .blockDevice
    case TarType.directory: .directory
    case TarType.fifo: .fifo
    case TarType.gnuSparse where sparseFiles == .expanded: .regular
    case TarType.gnuSparse: throw .sparse
    default: throw .type(header.type)
    }
  }

  /// Whether blocks of contents follow the header. For the other types the size field may hold a
  /// number (of the link's target, say), and still nothing follows.
  private static func hasContents(_ type: UInt8) -> Bool {
    type == TarType.oldRegular || type == TarType.regular || type == TarType.contiguous
      || type == TarType.gnuSparse
  }
}

// MARK: - The buffer

extension TarReader {
  /// Reads into the empty buffer; it stays empty only at the end of the stream.
  private func refill() throws {
    unread = 0..<(try source.read(into: buffer))
  }

  /// One block, in the buffer; nil at the end of the stream.
  func readBlock() throws -> UnsafeRawBufferPointer? {
    if unread.count < TarBlock.size {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[unread]))
      unread = 0..<unread.count
      while unread.count < TarBlock.size {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[unread.upperBound...])
        let count = try source.read(into: room)
        if count == 0 {
          if unread.isEmpty { return nil }
          throw ArchiveError.truncated("a tar header")
        }
        unread = 0..<unread.upperBound + count
      }
    }
    return try nextPiece(atMost: Int64(TarBlock.size), of: "a tar header")
  }

  /// The next bytes, at least one, in the buffer and valid until the next read.
  private func nextPiece(
    atMost limit: Int64, of what: String
  ) throws -> UnsafeRawBufferPointer {
    if unread.isEmpty { try refill() }
    if unread.isEmpty { throw ArchiveError.truncated(what) }
    let count = Int(min(limit, Int64(unread.count)))
    let piece = UnsafeRawBufferPointer(rebasing: buffer[unread.prefix(count)])
    unread.removeFirst(count)
    position += Int64(count)
    return piece
  }
}
