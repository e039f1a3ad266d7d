import Archive

/// What a layer's entries say, without contents (image-spec, layer.md).
struct LayerChanges {
  /// A file with its place in the layer.
  struct File {
    let path: [UInt8]
    let entry: TarEntry
    let index: Int
  }

  /// Files of lower layers that are gone.
  private(set) var whiteouts: [[UInt8]] = []
  /// Directories whose contents in lower layers are gone.
  private(set) var opaqueDirectories: [[UInt8]] = []
  private(set) var files: [File] = []

  private static let whiteoutPrefix = Array(".wh.".utf8)
  private static let reservedPrefix = Array(".wh..wh.".utf8)
  private static let opaqueMarker = Array(".wh..wh..opq".utf8)

  init(reading reader: TarReader, atMost limit: Int) throws {
    var index = 0
    while let entry = try reader.next() {
      guard index < limit else { throw ExportError.LayerFault.tooManyEntries(limit) }
      try add(entry, at: index)
      index += 1
    }
    // The digest and the checksums of compression cover what follows the tar, too.
    try reader.drain()
  }

  private mutating func add(_ entry: TarEntry, at index: Int) throws {
    let path = try entry.validatedPath()
    let split = path.lastIndex(of: UInt8(ascii: "/"))
    let name = split.map { path[path.index(after: $0)...] } ?? path[...]
    let parent = split.map { Array(path[..<$0]) } ?? []
    if name.elementsEqual(Self.opaqueMarker) {
      opaqueDirectories.append(parent)
    } else if name.starts(with: Self.reservedPrefix) {
      // What aufs kept for itself.
    } else if name.starts(with: Self.whiteoutPrefix) {
      let hidden = Array(name.dropFirst(Self.whiteoutPrefix.count))
      whiteouts.append(parent.isEmpty ? hidden : parent + [UInt8(ascii: "/")] + hidden)
    } else {
      files.append(File(path: path, entry: entry, index: index))
    }
  }
}
