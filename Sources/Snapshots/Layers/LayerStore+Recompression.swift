internal import Archive
import OCI
import SystemPackage

extension LayerStore {
  /// The same as `blob(of:encoding:above:)`, but for layers that came with an image: where their blob
  /// is not compressed in the way that is asked for, their tar is, as it is; times stay, and so does
  /// the diffID. A blob that is not here is fetched.
  ///
  /// Throws `LayerError.wrongDiffID` where the blob is not what its image says.
  package func recompressedBlob(
    of id: LayerID, encoding: LayerEncoding, above lower: [LayerID]?
  ) throws -> LayerBlob {
    let original = try blob(of: id, encoding: encoding, above: lower)
    guard id.isAdopted, original.descriptor.mediaType != encoding.mediaType else {
      return original
    }
    let folder = try folder(of: id)
    // What was adopted was not clamped, so the time is no part of the key.
    let unclamped = LayerEncoding(compression: encoding.compression)
    let key = "recompressed-" + unclamped.key
    if let known = try knownBlob(folder, key) { return known }
    let lock = try lock(id, for: .blob)
    defer { lock.release() }
    if let known = try knownBlob(folder, key) { return known }
    let made = try readingAsItArrives(original) { try recompress(original, unclamped) }
    try makeDirectory(folder.encodings, mode: 0o755)
    try remember(made.encoded, at: folder.encoding(key))
    return made
  }

  private func recompress(
    _ original: LayerBlob, _ encoding: LayerEncoding
  ) throws -> LayerBlob {
    let tar = try bounded(source(of: original), original)
    let writer = try LayerBlobWriter(content, encoding)
    try tar.copy(to: writer.sink)
    // Before it has its name in the store: a broken blob must not leave another one behind.
    return try writer.finish(expecting: original.diffID).blob
  }
}
