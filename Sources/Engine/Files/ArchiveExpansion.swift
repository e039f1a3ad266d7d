internal import Archive
internal import BuildGraph
internal import Snapshots
internal import SystemPackage

/// An archive that `ADD` unpacks: its files lie in a folder of their own until they are copied.
struct ArchiveExpansion {
  private let folder: FilePath
  private let discardFolder: @Sendable () -> Void

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
    let tree = try DirectoryTree(folder, DirectoryTree.Options(readsExtendedAttributes: true))
    return try SourceSelection(whole, from: tree)
  }

  func discard() {
    discardFolder()
  }

  private init(unpacking source: any ByteSource, layers: LayerStore) throws {
    let scratch = try layers.beginScratch()
    folder = scratch
    discardFolder = { layers.discardScratch(scratch) }
    do {
      try ArchiveExpansion.unpack(source, into: scratch)
    } catch {
      layers.discardScratch(scratch)
      throw error
    }
  }

  private static func unpack(_ source: any ByteSource, into folder: FilePath) throws {
    let reader = TarReader(source)
    let sink = try DirectoryLayerSink(folder)
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
    switch CompressionFormat.detect(head) {
    case .gzip: return try tarInside(try GzipReader(tree.open(match.path))) { try GzipReader(tree.open(match.path)) }
    case .zstd: return try tarInside(try ZstdReader(tree.open(match.path))) { try ZstdReader(tree.open(match.path)) }
    case .bzip2: throw FileActionError.unsupportedArchive(name, format: "bzip2")
    case .xz: throw FileActionError.unsupportedArchive(name, format: "xz")
    case .none: return TarReader.looksLikeTar(head) ? try tree.open(match.path) : nil
    }
  }

  private static func tarInside(
    _ probe: any ByteSource, _ reopen: () throws -> any ByteSource
  ) throws -> (any ByteSource)? {
    guard let head = try? read(probe, upTo: 512), TarReader.looksLikeTar(head) else { return nil }
    return try reopen()
  }

  private static func read(_ source: any ByteSource, upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try source.readFully(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }
}
