internal import Engine
package import OCI

/// A line of `slipway images`.
package struct ListedImage: Sendable, Encodable {
  /// As people type it; nil where the image has no tag.
  package let name: String?
  package let digest: Digest
  package let platforms: [String]
  package let created: Timestamp?
  /// Bytes of the layers as they are stored, each counted once.
  package let size: Int64
}

extension Home {
  /// The images of the store, in the order of their names; those without a name come last.
  package func images() throws -> [ListedImage] {
    let listed = try content.index().manifests.map { entry in
      let images = (try? platformImages(of: entry)) ?? []
      let manifests = images.compactMap { try? $0.manifest() }
      let sizes = Dictionary(
        manifests.flatMap(\.layers).map { ($0.digest, $0.size) }, uniquingKeysWith: { a, _ in a })
      let configurations = images.compactMap { try? $0.configuration() }
      return ListedImage(
        name: entry.annotations?[Annotation.referenceName], digest: entry.digest,
        platforms: configurations.map(\.platform.description),
        created: configurations.compactMap(\.created).max(), size: sizes.values.reduce(0, +))
    }
    return listed.sorted { a, b in
      switch (a.name, b.name) {
      case (let a?, let b?): a < b
      case (_?, nil): true
      case (nil, _?): false
      case (nil, nil): a.digest < b.digest
      }
    }
  }

  /// The images of an index, or the one image of a manifest.
  func platformImages(of descriptor: Descriptor) throws -> [Image] {
    guard descriptor.mediaType.isIndex else { return [Image(descriptor, in: content)] }
    let index = try JSON.decode(ImageIndex.self, from: content.read(descriptor))
    return index.manifests.filter(\.mediaType.isManifest).map { Image($0, in: content) }
  }

  /// The image that a person means: by its tag, its digest, or at least four digits of either the
  /// manifest's or the configuration's digest. Throws `RequestError` where there is none or several.
  package func find(_ text: String, platform: Platform = .host) throws -> Image {
    try content.image(descriptor(of: text), platform: platform, name: text)
  }

  /// What a person means, an index included; see `find`.
  package func descriptor(of text: String) throws -> Descriptor {
    if let reference = try? Reference(text), let found = try content.resolve(reference) {
      return found
    }
    let digits = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
    guard digits.count >= 4, digits.allSatisfy(\.isHexDigit) else {
      throw RequestError.unknownImage(text)
    }
    var matches: [Digest: Descriptor] = [:]
    for entry in try content.index().manifests {
      let configuration = try? Image(entry, in: content).manifest().config.digest
      if entry.digest.hex.hasPrefix(digits) || configuration?.hex.hasPrefix(digits) == true {
        matches[entry.digest] = entry
      }
    }
    guard let first = matches.values.first else { throw RequestError.unknownImage(text) }
    guard matches.count == 1 else {
      throw RequestError.ambiguousImage(text, matches.keys.sorted().map(\.short))
    }
    return first
  }

  /// Gives an image a further name.
  package func tag(_ text: String, as reference: Reference) throws {
    var descriptor = try descriptor(of: text)
    descriptor.annotations = nil
    try content.tag(reference, descriptor)
  }
}
