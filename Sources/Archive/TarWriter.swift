/// Writes a tar archive whose bytes depend on the entries and on nothing else.
///
/// Headers are plain ustar wherever the entry fits; what does not fit (names that are long or not
/// ASCII, large numbers, extended attributes) is in a PAX extended header before it, and only that.
/// So Go's, Python's and GNU's readers agree on every entry. Times are whole seconds, rounded down;
/// there are no user or group names and no access or change times.
///
///     let writer = TarWriter(sink)
///     try writer.begin(entry)
///     try writer.writeContents(bytes)    // in pieces, `entry.metadata.size` bytes in all
///     try writer.finish()
///
/// Not thread-safe. After an error the archive is unfinished and the writer of no further use.
package final class TarWriter {
  private static let bufferSize = 256 << 10
  /// From this length on a copy into the buffer costs more than a call of the sink.
  private static let directWriteSize = 32 << 10

  private let sink: any ByteSink
  private let buffer: UnsafeMutableRawBufferPointer
  private var buffered = 0
  private var extensions = PAXRecordEncoder()
  private var openEntry: (path: [UInt8], size: Int64)?
  private var remaining: Int64 = 0
  private var isFinished = false

  /// How many bytes of tar there are so far: right after ``begin(_:)``, where the contents start.
  package private(set) var position: Int64 = 0

  package init(_ sink: any ByteSink) {
    self.sink = sink
    self.buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
  }

  deinit {
    buffer.deallocate()
  }

  /// Ends the entry before, if it is still open, and writes the header of this one.
  ///
  /// Throws ``ArchiveError/unsafePath(_:reason:)`` for a path, or a hard link's target, that is not
  /// canonical (see ``TarEntry/path``), and ``ArchiveError/unrepresentable(_:path:)`` for what tar
  /// cannot say; nothing of the entry is written then.
  package func begin(_ entry: TarEntry) throws {
    try end()
    try Self.check(entry)
    let metadata = entry.metadata
    let isRegular = metadata.kind == .regular
    let name = metadata.kind == .directory ? entry.path + [UInt8(ascii: "/")] : entry.path
    let split = Self.split(name)
    try writeExtendedHeader(of: entry, name: split == nil ? name : nil)

    let header = TarHeaderEncoder(try reserveBlock())
    if let split {
      header.put(name[split.name], in: .name)
      header.put(name[split.prefix], in: .prefix)
    } else {
      header.put(Self.fallback(name)[...], in: .name)
    }
    header.put(Int64(metadata.permissions & 0o7777), in: .mode)
    header.put(Int64(metadata.userID), in: .userID)
    header.put(Int64(metadata.groupID), in: .groupID)
    header.put(isRegular ? metadata.size : 0, in: .size)
    header.put(metadata.modificationTime.seconds, in: .modificationTime)
    header.put(type: Self.type(of: metadata.kind))
    if metadata.kind.hasTarget {
      let target = metadata.linkTarget
      header.put((Self.fitsLinkName(target) ? target : Self.fallback(target))[...], in: .linkName)
    }
    header.put(metadata.kind.isDevice ? Int64(metadata.deviceMajor) : 0, in: .deviceMajor)
    header.put(metadata.kind.isDevice ? Int64(metadata.deviceMinor) : 0, in: .deviceMinor)
    header.seal()
    openEntry = (entry.path, isRegular ? metadata.size : 0)
    remaining = isRegular ? metadata.size : 0
  }

  /// Adds to the contents of the entry that was begun.
  ///
  /// Throws ``ArchiveError/sizeMismatch(path:expected:actual:)``, and writes nothing, when they
  /// become longer than its size.
  package func writeContents(_ bytes: UnsafeRawBufferPointer) throws {
    guard Int64(bytes.count) <= remaining else {
      throw mismatch(actual: (openEntry?.size ?? 0) - remaining + Int64(bytes.count))
    }
    remaining -= Int64(bytes.count)
    try emit(bytes)
  }

  /// Adds an array to the contents.
  package func writeContents(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try writeContents($0) }
  }

  /// Pads the open entry, if there is one; ``begin(_:)`` and ``finish()`` do it too.
  ///
  /// Throws ``ArchiveError/sizeMismatch(path:expected:actual:)`` when contents are missing.
  package func end() throws {
    guard let entry = openEntry else { return }
    if remaining > 0 { throw mismatch(actual: entry.size - remaining) }
    try emitZeros(TarBlock.padding(after: entry.size))
    openEntry = nil
  }

  /// Ends the archive and hands everything to the sink; more than once does no harm.
  package func finish() throws {
    if isFinished { return }
    try end()
    try emitZeros(2 * TarBlock.size)
    try flush()
    isFinished = true
  }

  private func mismatch(actual: Int64) -> ArchiveError {
    .sizeMismatch(path: openEntry?.path ?? [], expected: openEntry?.size ?? 0, actual: actual)
  }
}

// MARK: - Headers

extension TarWriter {
  private static func check(_ entry: TarEntry) throws(ArchiveError) {
    let metadata = entry.metadata
    func refusal(_ reason: String) -> ArchiveError { .unrepresentable(reason, path: entry.path) }
    guard TarPath.isCanonical(entry.path) else {
      throw .unsafePath(entry.path, reason: .notCanonical)
    }
    switch metadata.kind {
    case .regular:
      if metadata.size < 0 { throw refusal("its size is negative") }
    case .hardLink:
      guard TarPath.isCanonical(metadata.linkTarget) else {
        throw .unsafePath(metadata.linkTarget, reason: .notCanonical)
      }
    case .symbolicLink:
      if metadata.linkTarget.isEmpty { throw refusal("the symbolic link has no target") }
      if metadata.linkTarget.contains(0) { throw refusal("its target contains a NUL byte") }
    case .characterDevice, .blockDevice:
      // PAX has no keyword for these.
      let largest = TarField.deviceMajor.largestOctal
      if max(metadata.deviceMajor, metadata.deviceMinor) > largest {
        throw refusal("its device number is too large")
      }
    case .directory, .fifo: break
    }
    var previous: [UInt8]?
    for name in metadata.extendedAttributes.lazy.map(\.name) {
      if name.isEmpty || name.contains(0) || name.contains(UInt8(ascii: "=")) {
        throw refusal("the name of the extended attribute `\(ArchiveError.text(name))` is refused")
      }
      if let previous, !previous.lexicographicallyPrecedes(name) {
        throw refusal("its extended attributes are not sorted, or one is there twice")
      }
      previous = name
    }
  }

  /// Writes the PAX header, if one is needed. `name` is given where it does not fit the main header.
  private func writeExtendedHeader(of entry: TarEntry, name: [UInt8]?) throws {
    let metadata = entry.metadata
    extensions.removeAll()
    if let name { extensions.add(PAXKeyword.path, name) }
    if metadata.kind.hasTarget, !Self.fitsLinkName(metadata.linkTarget) {
      extensions.add(PAXKeyword.linkPath, metadata.linkTarget)
    }
    if metadata.kind == .regular {
      addNumber(PAXKeyword.size, metadata.size, field: .size)
    }
    addNumber(PAXKeyword.userID, Int64(metadata.userID), field: .userID)
    addNumber(PAXKeyword.groupID, Int64(metadata.groupID), field: .groupID)
    addNumber(
      PAXKeyword.modificationTime, metadata.modificationTime.seconds, field: .modificationTime)
    for attribute in metadata.extendedAttributes { extensions.add(attribute) }
    if extensions.isEmpty { return }

    let records = extensions.encoded()
    guard records.count <= TarReader.Limits.standard.extensionLength else {
      throw ArchiveError.unrepresentable(
        "its name and extended attributes are too long", path: entry.path)
    }
    // What a reader without PAX would extract: never the same as an entry of ours.
    let header = TarHeaderEncoder(try reserveBlock())
    header.put("././@PaxHeader", in: .name)
    header.put(0o644, in: .mode)
    header.put(0, in: .userID)
    header.put(0, in: .groupID)
    header.put(Int64(records.count), in: .size)
    header.put(0, in: .modificationTime)
    header.put(0, in: .deviceMajor)
    header.put(0, in: .deviceMinor)
    header.put(type: TarType.extendedHeader)
    header.seal()
    try records.withUnsafeBytes { try emit($0) }
    try emitZeros(TarBlock.padding(after: Int64(records.count)))
  }

  private func addNumber(_ keyword: String, _ value: Int64, field: TarField) {
    if !(0...field.largestOctal).contains(value) { extensions.add(keyword, value) }
  }

  private static func fitsLinkName(_ target: [UInt8]) -> Bool {
    target.count <= TarField.linkName.length && isASCII(target)
  }

  /// How a name is divided between the fields for the name and its prefix; nil if it does not fit.
  private static func split(_ name: [UInt8]) -> (prefix: Range<Int>, name: Range<Int>)? {
    guard isASCII(name) else { return nil }
    if name.count <= TarField.name.length { return (0..<0, 0..<name.count) }
    if name.count > TarField.name.length + 1 + TarField.prefix.length { return nil }
    // The longest prefix there is room for, as other writers choose it; a directory's own slash
    // cannot divide it.
    let end = min(TarField.prefix.length + 1, name.count - 1)
    guard let slash = name[..<end].lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return nil }
    let rest = (slash + 1)..<name.count
    return rest.count <= TarField.name.length ? (0..<slash, rest) : nil
  }

  /// What stands in the main header where the true name is in the extended one.
  private static func fallback(_ name: [UInt8]) -> [UInt8] {
    var result = name.prefix(TarField.name.length).map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }
    while result.last == UInt8(ascii: "/") { result.removeLast() }
    return result
  }

  private static func isASCII(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 < 0x80 }
  }

  private static func type(of kind: FileMetadata.Kind) -> UInt8 {
    switch kind {
    case .regular: TarType.regular
    case .directory: TarType.directory
    case .symbolicLink: TarType.symbolicLink
    case .hardLink: TarType.hardLink
    case .characterDevice: TarType.characterDevice
    case .blockDevice: TarType.blockDevice
    case .fifo: TarType.fifo
    }
  }
}

extension FileMetadata.Kind {
  var hasTarget: Bool { self == .symbolicLink || self == .hardLink }
  var isDevice: Bool { self == .characterDevice || self == .blockDevice }
}

// MARK: - The buffer

extension TarWriter {
  /// Room for one block; its bytes are whatever was there.
  private func reserveBlock() throws -> UnsafeMutableRawBufferPointer {
    if buffer.count - buffered < TarBlock.size { try flush() }
    let block = UnsafeMutableRawBufferPointer(rebasing: buffer[buffered..<buffered + TarBlock.size])
    buffered += TarBlock.size
    position += Int64(TarBlock.size)
    return block
  }

  private func emit(_ bytes: UnsafeRawBufferPointer) throws {
    position += Int64(bytes.count)
    if bytes.count >= Self.directWriteSize {
      try flush()
      return try sink.write(bytes)
    }
    if buffer.count - buffered < bytes.count { try flush() }
    UnsafeMutableRawBufferPointer(rebasing: buffer[buffered...]).copyMemory(from: bytes)
    buffered += bytes.count
  }

  /// Up to two blocks of zeros.
  private func emitZeros(_ count: Int) throws {
    if buffer.count - buffered < count { try flush() }
    for index in buffered..<buffered + count { buffer[index] = 0 }
    buffered += count
    position += Int64(count)
  }

  private func flush() throws {
    if buffered == 0 { return }
    let pending = UnsafeRawBufferPointer(rebasing: buffer[..<buffered])
    buffered = 0
    try sink.write(pending)
  }
}
