package import OCI

/// What is wrong with a layer.
package enum LayerError: Error, Hashable, Sendable {
  /// Why an entry of a layer is refused.
  package enum Refusal: Hashable, Sendable {
    case belowNonDirectory
    case missingLinkTarget(TreePath)
    case linkToDirectory(TreePath)
    case badWhiteout
    case reservedName
    case whiteoutDevice
    case pathTooLong
    case rootNotDirectory
    case notRegular
  }

  /// The layer is not in the store.
  case missing(LayerID)
  /// The layer's files in the store do not hold together.
  case damaged(LayerID, String)
  /// An entry cannot be in a layer, or must not be unpacked.
  case refused(TreePath, Refusal)
  /// More entries than are allowed.
  case tooManyEntries(limit: Int)
  /// What was unpacked is not what the image's configuration says.
  case wrongDiffID(expected: Digest, actual: Digest)
  /// A layer that is streamed wants its files in order, none twice.
  case unsorted(TreePath, after: TreePath)
  /// The media type names no layer that can be read.
  case notALayer(MediaType)
}

extension LayerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let id):
      "the layer `\(id)` is not in the store\nhint: build again; what was pruned is made anew"
    case .damaged(let id, let problem):
      "the layer `\(id)` is damaged: \(problem)\nhint: remove it with `slipway prune`, and build again"
    case .refused(let path, let refusal):
      "the layer's entry `\(path)` is refused: \(refusal)"
    case .tooManyEntries(let limit):
      "the layer has more than the \(limit) entries allowed"
    case .wrongDiffID(let expected, let actual):
      "the layer unpacks to `\(actual)` where the image's configuration says `\(expected)`\n"
        + "hint: the image is broken or was tampered with; pull it again"
    case .unsorted(let path, let previous):
      "the entries of a streamed layer must be sorted and unique: `\(path)` came after `\(previous)`"
    case .notALayer(let mediaType):
      "`\(mediaType)` is not a layer that can be read"
    }
  }
}

extension LayerError.Refusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .belowNonDirectory: "it lies below something that is not a directory"
    case .missingLinkTarget(let target): "it is a hard link to `\(target)`, which does not exist"
    case .linkToDirectory(let target): "it is a hard link to `\(target)`, which is a directory"
    case .badWhiteout: "it is a whiteout of nothing that can be taken away"
    case .reservedName:
      "names that start with `.wh.` mark deleted files in an image\nhint: rename it"
    case .whiteoutDevice: "a character device 0/0 marks a deleted file in an overlay"
    case .pathTooLong: "its path is too long"
    case .rootNotDirectory: "the root must be a directory"
    case .notRegular: "it is not a regular file"
    }
  }
}
