package import OCI
package import SystemPackage

/// Why an archive or layout was refused. Nothing of it is in the store then.
package enum ImportError: Error, Hashable, Sendable {
  /// The archive is neither of the two kinds that are read.
  case notAnImageArchive
  /// A docker archive from before `manifest.json`, that is, before Docker 1.10.
  case outdatedDockerArchive
  case notALayout(FilePath)
  case layoutVersion(String)
  /// A member of an archive, by its path.
  case member(String, MemberFault)
  /// A file that another one speaks of is not in the archive.
  case missingMember(String, wantedBy: String)
  case missingBlob(Digest, of: String)
  case wrongSize(Digest, expected: Int64, actual: Int64)
  /// A document, by what it is or its digest, that is larger than any true one.
  case documentTooLarge(String, size: Int64, limit: Int64)
  /// More of something, in the plural, than is allowed.
  case tooMany(String, limit: Int)
  case indexTooDeep(Digest, limit: Int)
  /// The document says that it is something else than what points at it says.
  case mediaTypeMismatch(Digest, expected: MediaType, actual: MediaType)
  /// Something that is no image is listed as one.
  case notAnImage(Digest, MediaType)
  case noImages
  /// An image has more or fewer layers than its configuration.
  case layerCount(image: String, layers: Int, diffIDs: Int)
  case wrongDiffID(layer: Digest, expected: Digest, actual: Digest)
  /// A layer that does not unpack; the text says why.
  case corruptLayer(Digest, String)
  case malformedName(String, String)
  /// No image of the layout has that name.
  case noSuchName(String, offered: [String])
  /// A name is needed to choose one.
  case ambiguous(offered: [String])

  /// What is wrong with a member of an archive.
  package enum MemberFault: Hashable, Sendable {
    case unsupportedKind(String)
    case duplicate
    case linkLeadsOut(target: String)
    case linkLoop
    case wrongDigest(actual: Digest)
  }
}

extension ImportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAnImageArchive:
      "the archive is neither an OCI archive nor a docker archive: it has no `index.json` and no "
        + "`manifest.json`\nhint: `docker save` and `slipway save` write archives that can be loaded"
    case .outdatedDockerArchive:
      "the docker archive has no `manifest.json`\n"
        + "hint: it is from before Docker 1.10; load it there and save it again"
    case .notALayout(let path):
      "`\(path)` is not an OCI image layout: it has no `oci-layout` and `index.json`"
    case .layoutVersion(let version):
      "the image layout is of version `\(printable(version))`, not `1.0.0`"
    case .member(let path, let fault): "the archive's `\(printable(path))` is refused: \(fault)"
    case .missingMember(let path, let wantedBy):
      "the archive has no `\(printable(path))`, which \(printable(wantedBy)) speaks of"
    case .missingBlob(let digest, let parent):
      "`\(digest)` is missing, which \(printable(parent)) points at\n"
        + "hint: the archive or layout is incomplete; save it again"
    case .wrongSize(let digest, let expected, let actual):
      "`\(digest)` has \(actual) bytes where its descriptor says \(expected)"
    case .documentTooLarge(let what, let size, let limit):
      "\(printable(what)) is a document of \(size) bytes; at most \(limit) are read"
    case .tooMany(let what, let limit): "there are more than \(limit) \(what)"
    case .indexTooDeep(let digest, let limit):
      "the index `\(digest)` lies in more than \(limit) others"
    case .mediaTypeMismatch(let digest, let expected, let actual):
      "`\(digest)` says that it is `\(printable(actual.rawValue))`, and what points at it says "
        + "`\(printable(expected.rawValue))`"
    case .notAnImage(let digest, let type):
      "`\(digest)` is listed as an image and is `\(printable(type.rawValue))`"
    case .noImages: "there are no images in it"
    case .layerCount(let image, let layers, let diffIDs):
      "the image \(printable(image)) has \(layers) layers, and its configuration has \(diffIDs)"
    case .wrongDiffID(let layer, let expected, let actual):
      "the layer `\(layer)` unpacks to `\(actual)`, and the configuration says `\(expected)`"
    case .corruptLayer(let layer, let problem):
      "the layer `\(layer)` does not unpack: \(problem)"
    case .malformedName(let name, let problem):
      "the image name `\(printable(name))` is refused: \(printable(problem))"
    case .noSuchName(let name, let offered):
      "the layout has no image `\(printable(name))`" + Self.hint(offered)
    case .ambiguous(let offered): "the layout has several images" + Self.hint(offered)
    }
  }

  private static func hint(_ offered: [String]) -> String {
    let names = offered.prefix(10).map { "`\(printable($0))`" }
    return names.isEmpty ? "" : "\nhint: it has " + names.joined(separator: ", ")
  }
}

extension ImportError.MemberFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unsupportedKind(let kind): "it is \(kind), and image archives hold files alone"
    case .duplicate: "it is there twice"
    case .linkLeadsOut(let target):
      "it is a link to `\(printable(target))`, which leads out of the archive"
    case .linkLoop: "it leads through too many links"
    case .wrongDigest(let actual): "its contents have the digest `\(actual)`"
    }
  }
}
