/// An image: what points at its manifest, and the store that its bytes live in.
///
/// The stored bytes are its identity; manifest and configuration are views that are read when asked.
package struct Image: Sendable {
  package let descriptor: Descriptor
  package let store: ContentStore

  package init(_ descriptor: Descriptor, in store: ContentStore) {
    self.descriptor = descriptor
    self.store = store
  }

  /// Throws `ContentError` where the manifest is missing or malformed.
  package func manifest() throws -> Manifest {
    try decode(Manifest.self, descriptor)
  }

  /// Throws `ContentError` where manifest or configuration is missing or malformed.
  package func configuration() throws -> ImageConfiguration {
    try decode(ImageConfiguration.self, manifest().config)
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ descriptor: Descriptor) throws
    -> Value
  {
    let bytes = try store.read(descriptor)
    do {
      return try JSON.decode(type, from: bytes)
    } catch let error as DecodingError {
      throw ContentError.malformedDocument(
        "\(descriptor.digest)", DecodingProblem(error).description)
    }
  }
}

extension ContentStore {
  /// What a tag points at; nil where no image has it.
  ///
  /// A reference with a digest is looked up by the digest alone.
  package func resolve(_ reference: Reference) throws -> Descriptor? {
    let entries = try index().manifests
    if let digest = reference.digest {
      return entries.first { $0.digest == digest }
    }
    return entries.first {
      $0.annotations?[Annotation.imageName] == reference.description
        || $0.annotations?[Annotation.referenceName] == reference.familiar
    }
  }

  /// The image of a reference for a platform; nil where none is tagged so.
  ///
  /// Of an index, the manifest that is best for the platform is taken; throws `ImageError.noPlatform`
  /// where there is none.
  package func image(_ reference: Reference, platform: Platform) throws -> Image? {
    guard let descriptor = try resolve(reference) else { return nil }
    return try image(descriptor, platform: platform, name: reference.familiar)
  }

  /// The image that a descriptor of a manifest or an index stands for; see `image(_:platform:)`.
  package func image(_ descriptor: Descriptor, platform: Platform, name: String) throws -> Image {
    guard descriptor.mediaType.isIndex else { return Image(descriptor, in: self) }
    let images = try index(descriptor).manifests.filter { $0.mediaType.isManifest }
    guard let match = images.best(for: platform) else {
      throw ImageError.noPlatform(name, wanted: platform, offered: images.compactMap(\.platform))
    }
    return Image(match, in: self)
  }

  /// Reads an index. Throws `ContentError` where it is missing or malformed.
  package func index(_ descriptor: Descriptor) throws -> ImageIndex {
    do {
      return try JSON.decode(ImageIndex.self, from: read(descriptor))
    } catch let error as DecodingError {
      throw ContentError.malformedDocument(
        "\(descriptor.digest)", DecodingProblem(error).description)
    }
  }

  /// Points a tag at a manifest or index; another image that had it loses it.
  package func tag(_ reference: Reference, _ descriptor: Descriptor) throws {
    try updateIndex { index in
      index.manifests.removeAll { $0.annotations?[Annotation.imageName] == reference.description }
      var entry = descriptor
      var annotations = entry.annotations ?? [:]
      annotations[Annotation.referenceName] = reference.familiar
      annotations[Annotation.imageName] = reference.description
      entry.annotations = annotations
      // An untagged entry of the same image is replaced by the tagged one.
      index.manifests.removeAll {
        $0.digest == entry.digest && $0.annotations?[Annotation.imageName] == nil
      }
      index.manifests.append(entry)
    }
  }

  /// Keeps an image without a tag, so that it is listed and can be named by its digest.
  package func keep(_ descriptor: Descriptor) throws {
    try updateIndex { index in
      if !index.manifests.contains(where: { $0.digest == descriptor.digest }) {
        index.manifests.append(descriptor)
      }
    }
  }

  /// Takes a tag away; false where no image has it.
  package func untag(_ reference: Reference) throws -> Bool {
    var found = false
    try updateIndex { index in
      let before = index.manifests.count
      index.manifests.removeAll { entry in
        if let digest = reference.digest { return entry.digest == digest }
        return entry.annotations?[Annotation.imageName] == reference.description
          || entry.annotations?[Annotation.referenceName] == reference.familiar
      }
      found = index.manifests.count < before
    }
    return found
  }
}

/// Why an image cannot be used.
package enum ImageError: Error, CustomStringConvertible {
  case noPlatform(String, wanted: Platform, offered: [Platform])
  /// A program of an image for a platform whose programs this machine cannot execute.
  case foreignProgram(String, Platform)

  /// Why a program of an image for `platform` has a format that this machine does not know; nil where
  /// the platform is not to blame.
  package init?(unknownFormatOf program: String, of platform: Platform) {
    guard !platform.satisfies(.host) else { return nil }
    self = .foreignProgram(program, platform)
  }

  package var description: String {
    switch self {
    case .noPlatform(let name, let wanted, let offered):
      "`\(name)` has no image for `\(wanted)`; hint: \(ImageError.offer(offered))"
    case .foreignProgram(let program, let platform):
      "`\(program)` is a program for `\(platform)`, which this machine, `\(Platform.host)`, cannot "
        + "execute; hint: register an emulator: `apt-get install qemu-user-static`, or "
        + "`docker run --privileged --rm tonistiigi/binfmt --install all`"
    }
  }

  private static func offer(_ platforms: [Platform]) -> String {
    // Attestations lie in an index under a platform that is none.
    let names = platforms.filter { $0.os != "unknown" }.map { "`\($0)`" }
    guard !names.isEmpty else { return "it offers no platform at all" }
    return "it offers " + names.joined(separator: ", ")
  }
}
