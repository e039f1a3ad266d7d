internal import Archive
internal import OCI

/// Writes a ``LayerDraft`` in the format of ``TarIndex``.
struct TarIndexEncoder {
  private var records: [UInt8] = []
  private var offsets: [UInt8] = []
  private var recordCount = 0
  private var dependsOnLower = false
  private let files: [LayerDraft.File]

  /// The bytes of the index of `draft`, whose tar is `blob`.
  static func encode(
    _ draft: LayerDraft, blob: LayerBlob, blocks: GzipBlockIndex?, tarSize: Int64
  ) -> [UInt8] {
    var encoder = TarIndexEncoder(files: draft.files)
    encoder.append(draft.root, path: [])
    return encoder.finish(blob: blob, blocks: blocks, tarSize: tarSize)
  }

  private init(files: [LayerDraft.File]) {
    self.files = files
    records.reserveCapacity(files.count * 128)
    offsets.reserveCapacity(files.count * 8)
  }

  private mutating func append(_ node: LayerDraft.Node, path: [UInt8]) {
    let start = records.count
    offsets.append(little: UInt64(start))
    recordCount += 1
    appendRecord(node, path: path)
    let children = node.children.sorted { bytesPrecede($0.key, $1.key) }
    for (name, child) in children {
      append(child, path: path.isEmpty ? name : path + [UInt8(ascii: "/")] + name)
    }
    records.put(little: UInt32(recordCount), at: start)
  }

  private mutating func appendRecord(_ node: LayerDraft.Node, path: [UInt8]) {
    var metadata = FileMetadata.implicitDirectory
    var kind = metadata.kind.rawValue
    var flags = node.isOpaque ? TarIndex.opaqueFlag : 0
    var identity: UInt32 = 0
    var contentOffset: Int64 = 0
    switch node.content {
    case .implicitDirectory:
      flags |= TarIndex.implicitFlag
      if !path.isEmpty { dependsOnLower = true }
    case .whiteout:
      kind = TarIndex.whiteoutKind
    case .file(let index):
      metadata = files[index].metadata
      kind = metadata.kind.rawValue
      contentOffset = files[index].contentOffset
      if files[index].nameCount > 1 { identity = UInt32(index) + 1 }
      if metadata.kind == .hardLink { dependsOnLower = true }
    }
    records.append(little: UInt32(0))
    records.append(kind)
    records.append(flags)
    records.append(little: metadata.permissions)
    records.append(little: metadata.userID)
    records.append(little: metadata.groupID)
    records.append(little: metadata.size)
    records.append(little: metadata.modificationTime.seconds)
    records.append(little: metadata.modificationTime.nanoseconds)
    records.append(little: metadata.deviceMajor)
    records.append(little: metadata.deviceMinor)
    records.append(little: identity)
    records.append(little: contentOffset)
    records.append(little: UInt32(path.count))
    records.append(little: UInt32(metadata.linkTarget.count))
    records.append(little: UInt32(metadata.extendedAttributes.count))
    records.append(contentsOf: path)
    records.append(contentsOf: metadata.linkTarget)
    for attribute in metadata.extendedAttributes {
      records.append(little: UInt32(attribute.name.count))
      records.append(little: UInt32(attribute.value.count))
      records.append(contentsOf: attribute.name)
      records.append(contentsOf: attribute.value)
    }
  }

  private func finish(blob: LayerBlob, blocks: GzipBlockIndex?, tarSize: Int64) -> [UInt8] {
    let line = blob.encoded
    let blockOffsets = blocks?.blockOffsets ?? []
    var result = TarIndex.magic
    result.reserveCapacity(records.count + offsets.count + blockOffsets.count * 8 + 1024)
    result.append(little: UInt32(line.count))
    result.append(little: UInt32(blockOffsets.count))
    result.append(little: Int64(blocks?.blockSize ?? 0))
    result.append(little: tarSize)
    result.append(little: UInt32(recordCount))
    result.append(little: dependsOnLower ? TarIndex.dependsOnLowerFlag : 0)
    result.append(little: Int64(records.count))
    result.append(contentsOf: line)
    for offset in blockOffsets { result.append(little: offset) }
    result.append(contentsOf: offsets)
    result.append(contentsOf: records)
    result.append(contentsOf: Digest.sha256(of: result).bytes)
    return result
  }
}

extension [UInt8] {
  fileprivate mutating func append<Integer: FixedWidthInteger>(little value: Integer) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func put(little value: UInt32, at offset: Int) {
    for byte in 0..<4 { self[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
  }
}
