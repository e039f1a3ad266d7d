internal import Archive
internal import Snapshots

/// An archive that `ADD` unpacks: what its members are, in order, and their contents in a folder of
/// their own until the layer is written.
struct ArchiveExpansion {
  struct Member {
    let path: TreePath
    /// For a hard link, `linkTarget` is a canonical path in the archive.
    let metadata: FileMetadata
    /// Where in `tree` its contents are; nil where it has none.
    let contents: TreePath?
  }

  let members: [Member]
  let tree: any FileTree
  private let folder: ScratchLayer

  /// Unpacks what `match` found; nil where that is no archive. What counts is the content, not the
  /// name (`isArchivePath` in `solver/llbsolver/file/unpack.go`).
  init?(
    of match: SourceSelection.Match, in source: any FileTree, layers: LayerStore,
    limits: LayerLimits = .standard
  ) throws {
    let name = match.path.description
    guard match.node.metadata.kind == .regular, match.node.metadata.size > 0,
      try ArchiveExpansion.startsLikeTar(source.open(match.path), name)
    else { return nil }
    folder = try ScratchLayer(in: layers)
    do {
      let (_, contents) = try CompressionFormat.decompressing(
        source.open(match.path), formats: CompressionFormat.archives)
      // No archive may grow beyond all measure, neither by its compression nor by holes in files.
      let bounded = LimitedSource(
        contents, compressedSize: match.node.metadata.size, ratio: limits.unpackedRatio,
        floor: limits.unpackedFloor)
      let reader = TarReader(bounded, sparseFiles: .expanded)
      members = try ArchiveExpansion.unpack(
        reader, into: layers.sink(into: folder.upper), limits: limits, allowed: bounded.limit)
      tree = try DirectoryTree(folder.upper)
    } catch let error as ArchiveError {
      folder.discard()
      throw FileActionError.badArchive(name, reason: error.description)
    } catch {
      folder.discard()
      throw error
    }
  }

  func discard() {
    folder.discard()
  }

  private static func unpack(
    _ reader: TarReader, into sink: DirectoryLayerSink, limits: LayerLimits, allowed: Int64
  ) throws -> [Member] {
    var members: [Member] = []
    var rest = allowed
    while let entry = try reader.next() {
      guard members.count < limits.entryCount else {
        throw LayerError.tooManyEntries(limit: limits.entryCount)
      }
      let path = TreePath(canonical: try entry.validatedPath())
      // The archive's own root must not change the destination.
      if path.isRoot { continue }
      guard path.bytes.count <= limits.pathLength else {
        throw LayerError.refused(path, .pathTooLong)
      }
      var metadata = entry.metadata
      switch metadata.kind {
      case .hardLink: metadata.linkTarget = try entry.validatedHardLinkTarget()
      // Whatever an archive says, Linux gives links this mode.
      case .symbolicLink: metadata.permissions = 0o777
      // An overlay, which BuildKit unpacks into, lets nobody make one.
      case .characterDevice where metadata.deviceMajor == 0 && metadata.deviceMinor == 0:
        throw LayerError.refused(path, .whiteoutDevice)
      default: break
      }
      var contents: TreePath?
      if metadata.kind == .regular, metadata.size > 0 {
        guard metadata.size <= rest else { throw ArchiveError.tooLarge(limit: allowed) }
        rest -= metadata.size
        let file = TreePath(canonical: Array(String(members.count).utf8))
        try sink.add(
          file, FileMetadata(kind: .regular, permissions: 0o600, size: metadata.size),
          contents: reader.contents)
        contents = file
      }
      members.append(Member(path: path, metadata: metadata, contents: contents))
    }
    // Only at its end is a compressed stream known to be whole. What others put behind it is theirs.
    do { try reader.drain() } catch ArchiveError.trailingGarbage {}
    try sink.finish()
    return members
  }

  /// Whether the first header is one of a tar (POSIX pax, "ustar"), whatever it is compressed with.
  private static func startsLikeTar(_ source: any ByteSource, _ name: String) throws -> Bool {
    do {
      let (_, contents) = try CompressionFormat.decompressing(
        source, formats: CompressionFormat.archives)
      return try TarReader(contents, sparseFiles: .expanded).next() != nil
    } catch let error as ArchiveError {
      // This is an archive, if not one that can be unpacked here.
      if case .needsMemory = error {
        throw FileActionError.badArchive(name, reason: error.description)
      }
      return false
    }
  }
}
