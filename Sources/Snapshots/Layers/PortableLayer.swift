internal import OCI

/// A layer as it goes from one machine to another without loss.
package struct PortableLayer: Hashable, Sendable {
  package let blob: LayerBlob
  /// How the blob was made, which decides what images it is part of as it is.
  package let encoding: LayerEncoding
  /// What each path is, in full (``TarIndex``): the blob may say less of times. Nil where nobody knows
  /// more than the blob says.
  package let index: [UInt8]?

  /// Puts together what came from elsewhere. Throws where the parts do not fit each other; whether the
  /// index tells the truth of the blob is seen when that is there.
  package init(blob: LayerBlob, encoding: LayerEncoding, index: [UInt8]?) throws {
    guard blob.descriptor.mediaType == encoding.mediaType else {
      throw LayerError.notALayer(blob.descriptor.mediaType)
    }
    if let index {
      guard try TarIndex(index).blob == blob else {
        throw TarIndex.Malformed(problem: "it is the index of another blob")
      }
    }
    self.init(known: blob, encoding, index)
  }

  init(known blob: LayerBlob, _ encoding: LayerEncoding, _ index: [UInt8]?) {
    self.blob = blob
    self.encoding = encoding
    self.index = index
  }

  /// Different layers have different ones.
  var fingerprint: Digest {
    let parts = [
      blob.encoded, Array((encoding.key + "\n").utf8),
      index.map { Digest.sha256(of: $0).bytes } ?? [],
    ]
    return .sha256(of: Array(parts.joined()))
  }
}
