internal import Archive
internal import BuildGraph
internal import Snapshots

/// An archive that `ADD` unpacks: its files lie in a folder of their own until they are copied.
struct ArchiveExpansion {
  private let folder: ScratchLayer

  /// Parts the archives of a selection from its other files. What counts is the content, not the
  /// name; directories are never searched for archives.
  static func split(_ selection: SourceSelection, layers: LayerStore) throws
    -> (plain: SourceSelection, archives: [ArchiveExpansion])
  {
    var plain: [SourceSelection.Match] = []
    var archives: [ArchiveExpansion] = []
    do {
      for match in selection.matches {
        if match.node.metadata.kind == .regular,
          let tar = try tarSource(of: match, in: selection.tree)
        {
          archives.append(try ArchiveExpansion(unpacking: tar, layers: layers))
        } else {
          plain.append(match)
        }
      }
    } catch {
      for archive in archives { archive.discard() }
      throw error
    }
    return (SourceSelection(tree: selection.tree, matches: plain), archives)
  }

  /// The files of the archive, to be put into the destination directory; owners are the archive's.
  func selection() throws -> SourceSelection {
    let whole = CopyAction(input: 0, sources: ["/"], destination: "/")
    let tree = try DirectoryTree(folder.upper, DirectoryTree.Options(readsExtendedAttributes: true))
    return try SourceSelection(whole, from: tree)
  }

  func discard() {
    folder.discard()
  }

  private init(unpacking source: any ByteSource, layers: LayerStore) throws {
    folder = try ScratchLayer(in: layers)
    do {
      try ArchiveExpansion.unpack(source, into: layers.sink(into: folder.upper))
    } catch {
      folder.discard()
      throw error
    }
  }

  private static func unpack(_ source: any ByteSource, into sink: DirectoryLayerSink) throws {
    let reader = TarReader(source)
    while let entry = try reader.next() {
      let path = TreePath(canonical: try entry.validatedPath())
      // The archive's own root must not change the destination.
      if path.isRoot { continue }
      let contents = entry.metadata.kind == .regular ? reader.contents : nil
      try sink.add(path, entry.metadata, contents: contents)
    }
    try sink.finish()
  }

  /// The uncompressed tar that a file is; nil where it is none.
  private static func tarSource(of match: SourceSelection.Match, in tree: any FileTree) throws
    -> (any ByteSource)?
  {
    let head = try read(tree.open(match.path), upTo: 512)
    let name = match.path.description
    let format = CompressionFormat.detect(head)
    switch format {
    case .none: return looksLikeTar(head) ? try tree.open(match.path) : nil
    case .bzip2, .xz: throw FileActionError.unsupportedArchive(name, format: format.rawValue)
    case .gzip, .zstd:
      let probe = try CompressionFormat.decompressing(tree.open(match.path)).contents
      guard let inside = try? read(probe, upTo: 512), looksLikeTar(inside) else { return nil }
      return try CompressionFormat.decompressing(tree.open(match.path)).contents
    }
  }

  /// Whether a first block is a member's header: its checksum is right (POSIX pax, "ustar").
  private static func looksLikeTar(_ head: [UInt8]) -> Bool {
    (try? TarReader(MemorySource(head)).next()) != nil
  }

  private static func read(_ source: any ByteSource, upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try source.readFully(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }
}
