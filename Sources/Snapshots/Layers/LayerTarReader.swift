internal import Archive

/// Who is told what a layer's tar says, in its order.
protocol LayerReceiver: AnyObject {
  /// A file; a hard link's target is canonical. `offset` is where in the tar its contents start.
  func add(
    _ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?, offset: Int64) throws

  /// Lower layers' file of this name is gone; what this layer has of that name stays.
  func hide(_ path: TreePath) throws

  /// All that lower layers have in a directory is gone; what this layer has in it stays.
  func makeOpaque(_ directory: TreePath) throws
}

/// Reads a layer's tar, made by anybody, as image-spec's layer.md has it.
///
/// Everything in it is taken as an attacker's. Absolute paths lose their slash; `..` is refused; what
/// looks like a whiteout is one, or refused.
struct LayerTarReader {
  let limits: LayerLimits

  /// Reads all of `tar`, also what follows its end, and returns its size in bytes.
  func read(_ tar: any ByteSource, into receiver: any LayerReceiver) throws -> Int64 {
    let reader = TarReader(tar)
    let contents = EntryContents(reader)
    var entryCount = 0
    while var entry = try reader.next() {
      entryCount += 1
      if entryCount > limits.entryCount {
        throw LayerError.tooManyEntries(limit: limits.entryCount)
      }
      let path = TreePath(canonical: try entry.validatedPath())
      guard path.bytes.count <= limits.pathLength else {
        throw LayerError.refused(path, .pathTooLong)
      }
      if let whiteout = try WhiteoutName(of: path) {
        try tell(receiver, whiteout)
        continue
      }
      if entry.metadata.kind == .hardLink {
        entry.metadata.linkTarget = try entry.validatedHardLinkTarget()
      }
      try check(entry.metadata, path)
      let hasContents = entry.metadata.kind == .regular && entry.metadata.size > 0
      try receiver.add(
        path, entry.metadata.layerMetadata, contents: hasContents ? contents : nil,
        offset: reader.contentOffset)
    }
    try reader.drain()
    return reader.position
  }

  private func tell(_ receiver: any LayerReceiver, _ whiteout: WhiteoutName) throws {
    switch whiteout {
    case .whiteout(let path): try receiver.hide(path)
    case .opaque(let directory): try receiver.makeOpaque(directory)
    case .ignored: break
    }
  }

  private func check(_ metadata: FileMetadata, _ path: TreePath) throws(LayerError) {
    if path.isRoot, metadata.kind != .directory { throw .refused(path, .rootNotDirectory) }
    // In an overlay it would hide a lower file, and no other unpacker would agree.
    if metadata.kind == .characterDevice, metadata.deviceMajor == 0, metadata.deviceMinor == 0 {
      throw .refused(path, .whiteoutDevice)
    }
  }
}

/// The contents of whatever entry a reader is at.
private final class EntryContents: ByteSource {
  private let reader: TarReader

  init(_ reader: TarReader) {
    self.reader = reader
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try reader.readContents(into: buffer)
  }
}

/// Drafts the index of a tar that others made.
final class IndexingReceiver: LayerReceiver {
  private(set) var draft = LayerDraft()

  func add(
    _ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?, offset: Int64
  ) throws {
    try draft.add(path, metadata, contentOffset: offset)
  }

  func hide(_ path: TreePath) throws { try draft.hide(path) }

  func makeOpaque(_ directory: TreePath) throws { try draft.makeOpaque(directory) }
}

/// Gives an unpacker the true metadata of a layer of ours, of which the tar says less.
final class TruthfulReceiver: LayerReceiver {
  private let receiver: any LayerReceiver
  private let index: TarIndex

  init(_ receiver: any LayerReceiver, _ index: TarIndex) {
    self.receiver = receiver
    self.index = index
  }

  func add(
    _ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?, offset: Int64
  ) throws {
    var truth = metadata
    if metadata.kind != .hardLink, let number = try index.find(path) {
      let record = try index.record(number)
      if try record.kind() == metadata.kind.rawValue { truth = try record.metadata() }
    }
    try receiver.add(path, truth, contents: contents, offset: offset)
  }

  func hide(_ path: TreePath) throws { try receiver.hide(path) }

  func makeOpaque(_ directory: TreePath) throws { try receiver.makeOpaque(directory) }
}
