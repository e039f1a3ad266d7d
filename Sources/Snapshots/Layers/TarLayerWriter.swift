internal import Archive

/// Writes a layer's files as a tar, in order, and drafts its index on the way.
///
/// Both forms of a layer come through here, so equal files are equal bytes.
final class TarLayerWriter {
  private static let bufferSize = 256 << 10

  private let tar: TarWriter
  private let clamp: FileTime?
  private let buffer: UnsafeMutableRawBufferPointer
  private var last = TreePath.root
  private var firstNames: [Int: TreePath] = [:]
  private(set) var draft = LayerDraft()

  /// `clamp` is the latest time that the tar may show; the draft keeps the true ones.
  init(_ sink: any ByteSink, clamp: FileTime?) {
    tar = TarWriter(sink)
    self.clamp = clamp
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 4096)
  }

  deinit {
    buffer.deallocate()
  }

  var size: Int64 { tar.position }

  func add(_ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?) throws {
    try path.checkName()
    try advance(to: path)
    let metadata =
      metadata.kind == .hardLink ? try link(path, metadata) : metadata.layerMetadata
    try tar.begin(TarEntry(path: path.bytes, metadata: metadata.clamped(to: clamp)))
    try draft.add(path, metadata, contentOffset: tar.position)
    if metadata.kind == .regular, metadata.size > 0 {
      try copy(contents, path, size: metadata.size)
    }
    try tar.end()
  }

  /// Says that a lower layer's file is gone.
  func addWhiteout(_ path: TreePath) throws {
    try path.checkName()
    try advance(to: path)
    try addMarker(WhiteoutName.entry(hiding: path))
    try draft.hide(path)
  }

  /// Says that the directory that was added last hides all that lower layers have in it.
  func addOpaque(_ directory: TreePath) throws {
    try addMarker(directory.appending(WhiteoutName.opaqueMarker).bytes)
    try draft.makeOpaque(directory)
  }

  /// Ends the tar; the sink has all of it.
  func finish() throws {
    try tar.finish()
  }

  /// A whiteout has no time of its own (an overlay's has the clock's): it takes the layer's.
  private func addMarker(_ path: [UInt8]) throws {
    let metadata = FileMetadata(
      kind: .regular, permissions: 0, modificationTime: clamp ?? .epoch)
    try tar.begin(TarEntry(path: path, metadata: metadata))
    try tar.end()
  }

  /// A hard link says what the file says, and names the first of its names, however it was given.
  private func link(_ path: TreePath, _ metadata: FileMetadata) throws -> FileMetadata {
    let target = TreePath(canonical: metadata.linkTarget)
    guard let file = draft.file(at: target) else {
      throw LayerError.refused(path, .missingLinkTarget(target))
    }
    let first = firstNames[file] ?? target
    firstNames[file] = first
    var result = draft.files[file].metadata
    if result.kind == .directory { throw LayerError.refused(path, .linkToDirectory(target)) }
    result.kind = .hardLink
    result.linkTarget = first.bytes
    result.size = 0
    result.deviceMajor = 0
    result.deviceMinor = 0
    result.extendedAttributes = []
    return result
  }

  private func advance(to path: TreePath) throws {
    guard last < path else { throw LayerError.unsorted(path, after: last) }
    last = path
  }

  private func copy(_ contents: (any ByteSource)?, _ path: TreePath, size: Int64) throws {
    var total: Int64 = 0
    while let contents, case let count = try contents.read(into: buffer), count > 0 {
      try tar.writeContents(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      total += Int64(count)
    }
    if total != size {
      throw ArchiveError.sizeMismatch(path: path.bytes, expected: size, actual: total)
    }
  }
}
