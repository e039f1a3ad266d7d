internal import Archive
import Glibc
import OCI
import SystemPackage

extension LayerStore {
  /// The layer as a blob in the content store; made, and remembered, where there is none yet.
  ///
  /// `lower` are the layers below: with them a directory that hides everything becomes whiteouts of
  /// what it hides, and what a layer only copied up is left out. With nil they are not known, and such
  /// a directory gets `.wh..wh..opq`. The blob of an adopted layer is the one it came with, whatever
  /// the encoding, also where it was not fetched.
  package func blob(
    of id: LayerID, encoding: LayerEncoding, above lower: [LayerID]?
  ) throws -> LayerBlob {
    let folder = try folder(of: id)
    if id.isAdopted {
      guard let blob = try primaryBlob(of: id) else {
        throw LayerError.damaged(id, "its file `blob` is missing")
      }
      return blob
    }
    let key = encoding.key
    if let known = try knownBlob(folder, key) { return known }
    let ownKey = lower == nil ? key + "-alone" : key
    let lock = try lock(id, for: .blob)
    defer { lock.release() }
    if let known = try knownBlob(folder, ownKey) { return known }
    return try makeBlob(of: id, folder, encoding, key: ownKey, above: lower).blob
  }

  /// A blob that was made before and is still in the content store, or that the layer came as.
  func knownBlob(_ folder: LayerFolder, _ key: String) throws -> LayerBlob? {
    guard let bytes = try readStoreFile(folder.encoding(key)), let blob = LayerBlob(encoded: bytes)
    else { return nil }
    if content.contains(blob.descriptor) { return blob }
    return try readStoreFile(folder.blob) == bytes ? blob : nil
  }

  /// Makes and remembers a blob, with its index. The lock for blobs is held.
  func makeBlob(
    of id: LayerID, _ folder: LayerFolder, _ encoding: LayerEncoding, key: String,
    above lower: [LayerID]?
  ) throws -> (blob: LayerBlob, index: [UInt8]) {
    let writer = try LayerBlobWriter(content, encoding)
    let tar = TarLayerWriter(writer.sink, clamp: encoding.clamp)
    try LayerWalk.write(
      try tree(of: id, above: lower ?? []), above: try lower.map { try tree(ofStack: $0) },
      to: tar)
    try tar.finish()
    let (blob, blocks) = try writer.finish()
    let index = TarIndexEncoder.encode(tar.draft, blob: blob, blocks: blocks, tarSize: tar.size)
    try makeDirectory(folder.encodings, mode: 0o755)
    try remember(index, at: folder.index(ofEncoding: key))
    try remember(blob.encoded, at: folder.encoding(key))
    return (blob, index)
  }

  /// Notes something of an encoding for the next who asks.
  func remember(_ bytes: [UInt8], at path: FilePath) throws {
    let workspace = try Workspace(layout)
    let file = workspace.path.appending("file")
    try writeStoreFile(bytes, to: file)
    if rename(file.string, path.string) != 0 { throw SystemCallError("store", path.string) }
  }
}
