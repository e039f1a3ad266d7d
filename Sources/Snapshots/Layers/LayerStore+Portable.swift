internal import Archive
import Glibc
package import OCI
internal import SystemPackage

/// Layers that come from other machines, and go there.
extension LayerStore {
  /// Puts a layer of another machine into the store. Its blob need not be here; until that has been
  /// looked at (`examine`), the layer is in doubt.
  package func take(_ layer: PortableLayer) throws -> LayerID {
    let id = LayerID.taken(layer.fingerprint)
    let folder = layout.layer(id)
    if folder.exists { return id }
    let workspace = try Workspace(layout)
    let made = LayerFolder(path: workspace.path.appending("layer"))
    try makeDirectory(made.path, mode: 0o755)
    try makeDirectory(made.encodings, mode: 0o755)
    if let index = layer.index { try writeStoreFile(index, to: made.index) }
    try writeStoreFile(layer.blob.encoded, to: made.blob)
    try writeStoreFile(layer.blob.encoded, to: made.encoding(layer.encoding.key))
    try writeStoreFile([], to: made.doubt)
    if rename(made.path.string, folder.path.string) == 0 { return id }
    // Somebody else was faster.
    if errno == EEXIST || errno == ENOTEMPTY { return id }
    throw SystemCallError("store", folder.path.string)
  }

  /// Whether the layer is another machine's, and nobody has looked yet whether what it said is true.
  package func isInDoubt(_ id: LayerID) -> Bool {
    isThere(layout.layer(id).doubt)
  }

  /// The layers in doubt that cannot be looked at here, because their blobs are elsewhere.
  package func absentLayers() throws -> [LayerID] {
    try layers().filter { id in
      guard isInDoubt(id), let blob = try primaryBlob(of: id) else { return false }
      return !content.contains(blob.descriptor)
    }
  }

  /// Looks whether a layer in doubt is what the other machine said: fetches its blob, and compares what
  /// is in it with the index, all but the times, which a blob may have clamped.
  ///
  /// Throws ``LayerError``, and why the blob does not come.
  package func examine(_ id: LayerID) throws {
    let folder = try folder(of: id)
    guard isThere(folder.doubt) else { return }
    let lock = try lock(id, for: .trust)
    defer { lock.release() }
    guard isThere(folder.doubt) else { return }
    if let index = try index(of: id, folder) {
      try compare(index, id, folder)
    } else {
      _ = try makeIndex(of: id, folder)
    }
    unlink(folder.doubt.string)
  }

  /// Reads the tar in the way that the index leads, which proves its block offsets too.
  private func compare(_ index: TarIndex, _ id: LayerID, _ folder: LayerFolder) throws {
    let contents = TarContents { try openTar(index, id, folder) }
    let tar = DigestSource(
      LimitedSource(
        contents.source(from: 0, size: index.tarSize), compressedSize: index.blob.descriptor.size,
        ratio: limits.unpackedRatio, floor: limits.unpackedFloor))
    let receiver = IndexingReceiver()
    let size = try LayerTarReader(limits: limits).read(tar, into: receiver)
    try verify(tar.finish(), of: index.blob)
    let actual = TarIndexEncoder.encode(
      receiver.draft, blob: index.blob, blocks: nil, tarSize: size)
    guard try index.agrees(withTar: TarIndex(actual)) else {
      throw LayerError.damaged(id, "its index says other than its blob")
    }
  }

  /// The layer for another machine: as the blob that it was made as or came as, else in `encoding`.
  ///
  /// - Parameter asIs: whether a blob that there is may be of another encoding.
  package func portable(
    _ id: LayerID, encoding: LayerEncoding, asIs: Bool, above lower: [LayerID]
  ) throws -> PortableLayer {
    let folder = try folder(of: id)
    if let blob = try primaryBlob(of: id), let own = try self.encoding(of: blob, folder),
      asIs || own == encoding
    {
      return PortableLayer(known: blob, own, try readStoreFile(folder.index))
    }
    if let known = try knownPortable(folder, encoding) { return known }
    let lock = try lock(id, for: .blob)
    defer { lock.release() }
    if let known = try knownPortable(folder, encoding) { return known }
    let (blob, index) = try makeBlob(of: id, folder, encoding, key: encoding.key, above: lower)
    return PortableLayer(known: blob, encoding, index)
  }

  /// One whose blob was made before with its index.
  private func knownPortable(
    _ folder: LayerFolder, _ encoding: LayerEncoding
  ) throws -> PortableLayer? {
    guard let blob = try knownBlob(folder, encoding.key),
      let index = try readStoreFile(folder.index(ofEncoding: encoding.key)),
      try TarIndex(index).blob == blob
    else { return nil }
    return PortableLayer(known: blob, encoding, index)
  }

  private func encoding(of blob: LayerBlob, _ folder: LayerFolder) throws -> LayerEncoding? {
    for name in try names(in: folder.encodings) {
      if let encoding = LayerEncoding(key: name),
        try readStoreFile(folder.encoding(name)) == blob.encoded
      {
        return encoding
      }
    }
    return nil
  }

  /// What the layers of a stack are as tars: of the blobs that they were made as or came as, else of
  /// blobs in `encoding`, which are made.
  package func diffIDs(of stack: [LayerID], encoding: LayerEncoding) throws -> [Digest] {
    try stack.indices.map { try diffID(of: $0, in: stack, encoding) }
  }

  /// Whether the layers of a stack are those of `diffIDs`. Makes no more blobs than it has to.
  package func stack(
    _ stack: [LayerID], matches diffIDs: [Digest], encoding: LayerEncoding
  ) throws -> Bool {
    guard stack.count == diffIDs.count else { return false }
    let known = try stack.map { try primaryBlob(of: $0)?.diffID }
    guard zip(known, diffIDs).allSatisfy({ $0 == nil || $0 == $1 }) else { return false }
    for index in stack.indices where known[index] == nil {
      guard try diffID(of: index, in: stack, encoding) == diffIDs[index] else { return false }
    }
    return true
  }

  private func diffID(
    of index: Int, in stack: [LayerID], _ encoding: LayerEncoding
  ) throws -> Digest {
    if let blob = try primaryBlob(of: stack[index]) { return blob.diffID }
    return try blob(of: stack[index], encoding: encoding, above: Array(stack[..<index])).diffID
  }
}
