import Archive
import OCI

/// The file system of an image: its layers applied on one another.
///
/// Layers are streams, so they are read twice: first without contents, which says what is there in the
/// end, then with the contents of those files alone. Files keep the order of their layers; everything
/// else comes before them, sorted. So the result is the same for the same image, memory holds names
/// and no contents, and nothing is unpacked on the way.
struct FlattenedImage {
  /// An image with more is refused, each layer of it too.
  private static let mostEntries = 2_000_000

  private let store: ContentStore
  private let layers: [Descriptor]
  private let fileSystem = MergedFileSystem()

  /// Reads all layers. Throws ``ExportError/malformedLayer(_:_:)``, `ArchiveError`.
  init(_ manifest: Manifest, in store: ContentStore) throws {
    self.store = store
    layers = manifest.layers
    var entriesLeft = Self.mostEntries
    for (number, layer) in layers.enumerated() {
      do {
        let changes = try LayerChanges(reading: open(layer), atMost: entriesLeft)
        entriesLeft -= changes.files.count
        try fileSystem.apply(changes, layer: number)
      } catch let fault as ExportError.LayerFault {
        throw ExportError.malformedLayer(layer.digest, fault)
      }
    }
  }

  /// Hands all files to `sink`, below the directory `prefix` where there is one.
  func write(to sink: any FileSystemSink, prefix: [UInt8] = []) throws {
    var listing = FileListing()
    listing.add(fileSystem.root, at: prefix)
    for file in listing.others {
      try sink.add(TarEntry(path: file.path, metadata: file.node.metadata), contents: nil)
      try addLinks(to: file, in: listing, sink)
    }
    for (number, layer) in layers.enumerated() {
      guard let wanted = listing.contents[number] else { continue }
      try writeContents(of: layer, wanted, in: listing, to: sink)
    }
  }

  private func writeContents(
    of layer: Descriptor, _ wanted: [Int: FileListing.File], in listing: FileListing,
    to sink: any FileSystemSink
  ) throws {
    let reader = try open(layer)
    var index = 0
    var written = 0
    while written < wanted.count, try reader.next() != nil {
      if let file = wanted[index] {
        try sink.add(TarEntry(path: file.path, metadata: file.node.metadata), contents: reader)
        try addLinks(to: file, in: listing, sink)
        written += 1
      }
      index += 1
    }
  }

  private func addLinks(
    to file: FileListing.File, in listing: FileListing, _ sink: any FileSystemSink
  ) throws {
    for path in listing.furtherNames[ObjectIdentifier(file.node)] ?? [] {
      var link = file.node.metadata
      link.kind = .hardLink
      link.size = 0
      link.linkTarget = file.path
      link.extendedAttributes = []
      try sink.add(TarEntry(path: path, metadata: link), contents: nil)
    }
  }

  private func open(_ layer: Descriptor) throws -> TarReader {
    let file = try BlobSource(opening: store.path(of: layer.digest))
    let tar = try CompressionFormat.decompressing(file).contents
    let limits = ImportLimits.standard
    return TarReader(
      LimitedSource(
        tar, compressedSize: layer.size, ratio: limits.unpackedRatio, floor: limits.unpackedFloor))
  }
}

/// The files of a tree in the order in which they are written.
private struct FileListing {
  struct File {
    let path: [UInt8]
    let node: FileSystemNode
  }

  /// All that is not a regular file, sorted, directories before what is in them.
  private(set) var others: [File] = []
  /// Regular files by layer and place in it.
  private(set) var contents: [Int: [Int: File]] = [:]
  /// The names of a file after its first.
  private(set) var furtherNames: [ObjectIdentifier: [[UInt8]]] = [:]

  private var seen: Set<ObjectIdentifier> = []

  /// Adds a tree below `path`; its root has an entry only if it has a name.
  mutating func add(_ node: FileSystemNode, at path: [UInt8]) {
    let identity = ObjectIdentifier(node)
    if !node.isDirectory, !seen.insert(identity).inserted {
      furtherNames[identity, default: []].append(path)
      return
    }
    if let origin = node.origin {
      contents[origin.layer, default: [:]][origin.entry] = File(path: path, node: node)
    } else if !path.isEmpty {
      others.append(File(path: path, node: node))
    }
    for (name, child) in node.children.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      add(child, at: path.isEmpty ? name : path + [UInt8(ascii: "/")] + name)
    }
  }
}
