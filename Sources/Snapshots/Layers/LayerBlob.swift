package import OCI

/// A layer as an image names it: what its tar is, and where its blob is.
package struct LayerBlob: Hashable, Sendable {
  /// The digest of the uncompressed tar.
  package var diffID: Digest
  package var descriptor: Descriptor

  package init(diffID: Digest, descriptor: Descriptor) {
    self.diffID = diffID
    self.descriptor = descriptor
  }
}

/// As a file: one line of `layer-blob 1`, the diffID, the media type, the digest and the size, with a
/// space between them and a newline at the end, which tells a whole file from one cut short.
extension LayerBlob {
  private static let magic = ["layer-blob", "1"]

  var encoded: [UInt8] {
    let fields =
      Self.magic + [
        diffID.description, descriptor.mediaType.rawValue, descriptor.digest.description,
        String(descriptor.size),
      ]
    return Array((fields.joined(separator: " ") + "\n").utf8)
  }

  /// Nil for what is no such file.
  init?(encoded: some BidirectionalCollection<UInt8>) {
    guard Array(encoded.suffix(1)) == [UInt8(ascii: "\n")] else { return nil }
    let fields = String(decoding: encoded.dropLast(), as: UTF8.self).split(separator: " ")
    guard fields.count == 6, fields.prefix(2).elementsEqual(Self.magic, by: ==),
      let diffID = Digest(fields[2]), let digest = Digest(fields[4]), let size = Int64(fields[5]),
      size >= 0
    else { return nil }
    self.init(
      diffID: diffID,
      descriptor: Descriptor(
        mediaType: MediaType(rawValue: String(fields[3])), digest: digest, size: size))
  }
}
