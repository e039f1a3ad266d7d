internal import Archive
import Glibc
import OCI
import SystemPackage

extension LayerStore {
  /// The layer to look into. Nothing is unpacked: a blob is read through its index, which for a layer
  /// that came with an image takes one pass over the blob, once.
  ///
  /// `lower` are the layers below, looked at where this one leaves something open (a parent that it
  /// does not describe, a hard link to a lower file). Throws `ContentError.missing` where the blob was
  /// not fetched.
  package func tree(of id: LayerID, above lower: [LayerID] = []) throws -> any LayerTree {
    let folder = try folder(of: id)
    let index = try index(of: id, folder)
    if index == nil, let directory = readyDirectory(folder, above: lower) {
      return try LayerDirectoryTree(directory)
    }
    let known = try index ?? makeIndex(of: id, folder)
    // Where entries go through a link of the layers below, only unpacking tells what is where. Layers
    // made here have no such entries.
    if id.isAdopted, known.dependsOnLower, !lower.isEmpty,
      try known.leadsThroughLinks(of: lowerTree(lower))
    {
      return try LayerDirectoryTree(try directory(of: id, above: lower))
    }
    return blobTree(known, id, folder, lower)
  }

  /// What a stack of layers shows from the top.
  package func tree(ofStack stack: [LayerID]) throws -> StackTree {
    try beginFetching(stack.filter { !isThere(layout.layer($0).index) })
    return StackTree(
      layers: try stack.indices.reversed().map {
        try tree(of: stack[$0], above: Array(stack[..<$0]))
      })
  }

  func lowerTree(_ lower: [LayerID]) -> LowerTree {
    LowerTree { try tree(ofStack: lower) }
  }

  /// The index of the layer's tar; nil where there is none yet, or for a layer that came with an image
  /// and whose index is damaged, which can be made anew.
  func index(of id: LayerID, _ folder: LayerFolder) throws -> TarIndex? {
    guard let bytes = try readStoreFile(folder.index) else { return nil }
    do {
      return try TarIndex(bytes)
    } catch {
      if id.isAdopted { return nil }
      throw LayerError.damaged(id, error.description)
    }
  }

  func makeIndex(of id: LayerID, _ folder: LayerFolder) throws -> TarIndex {
    let lock = try lock(id, for: .index)
    defer { lock.release() }
    if let index = try index(of: id, folder) { return index }
    guard let blob = try primaryBlob(of: id) else {
      throw LayerError.damaged(id, "it is neither a directory nor a blob")
    }
    let bytes = try readingAsItArrives(blob) {
      let receiver = IndexingReceiver()
      let size = try read(blob, into: receiver)
      return TarIndexEncoder.encode(receiver.draft, blob: blob, blocks: nil, tarSize: size)
    }
    let workspace = try Workspace(layout)
    let file = workspace.path.appending("tar-index")
    try writeStoreFile(bytes, to: file)
    if rename(file.string, folder.index.string) != 0 {
      throw SystemCallError("store", folder.index.string)
    }
    return try TarIndex(bytes)
  }

  private func blobTree(
    _ index: TarIndex, _ id: LayerID, _ folder: LayerFolder, _ lower: [LayerID]
  ) -> TarLayerTree {
    TarLayerTree(
      index: index,
      contents: TarContents {
        try examine(id)
        return try openTar(index, id, folder)
      },
      lower: lowerTree(lower))
  }

  /// The tar at any offset: through the blocks of a blob of ours, in an uncompressed blob itself, else
  /// in an uncompressed copy, which is made once.
  func openTar(
    _ index: TarIndex, _ id: LayerID, _ folder: LayerFolder
  ) throws -> TarContents.PositionalRead {
    if !isThere(folder.tar) {
      try require(index.blob)
      let file = try BlobFile(content, index.blob.descriptor)
      if let blocks = index.blocks {
        let reader = try SeekableGzipReader(index: blocks, read: file.read)
        return { try reader.read(at: $1, into: $0) }
      }
      if try isUncompressed(file) { return file.read }
      try spool(index.blob, id, folder)
    }
    let file = try BlobFile(folder.tar)
    return file.read
  }

  /// Waits for a blob that is not in the content store.
  private func require(_ blob: LayerBlob) throws {
    if !content.contains(blob.descriptor) { try supply.require(blob.descriptor) }
  }

  private func isUncompressed(_ file: BlobFile) throws -> Bool {
    var start = [UInt8](repeating: 0, count: CompressionFormat.magicLength)
    let count = try start.withUnsafeMutableBytes { try file.read($0, 0) }
    return CompressionFormat.detect(start.prefix(count)) == .none
  }

  private func spool(_ blob: LayerBlob, _ id: LayerID, _ folder: LayerFolder) throws {
    let lock = try lock(id, for: .tar)
    defer { lock.release() }
    if isThere(folder.tar) { return }
    let file = try BlobFile(content, blob.descriptor)
    let workspace = try Workspace(layout)
    let path = workspace.path.appending("tar")
    let sink = StoreFileSink(path, try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL))
    let tar = DigestSource(
      try bounded(FileDescriptorSource(file.descriptor.rawValue), blob))
    try tar.copy(to: sink)
    try verify(tar.finish(), of: blob)
    withExtendedLifetime(file) {}
    if rename(path.string, folder.tar.string) != 0 {
      throw SystemCallError("store", folder.tar.string)
    }
  }
}

/// Writes a file of the store, and says which where that fails.
private final class StoreFileSink: ByteSink {
  private let path: FilePath
  private let file: OwnedDescriptor

  init(_ path: FilePath, _ file: consuming OwnedDescriptor) {
    self.path = path
    self.file = file
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try file.write(bytes, path: path)
  }
}
