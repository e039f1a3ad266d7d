import OCI

/// The images that an `index.json` lists, and their names.
struct LayoutCatalogue {
  private let entries: [Descriptor]

  init(_ index: ImageIndex) {
    entries = index.manifests
  }

  /// Each image once, with all its names, in the order of the index.
  func images(limits: ImportLimits) throws -> [NamedImage] {
    guard entries.count <= limits.nameCount else {
      throw ImportError.tooMany("entries in `index.json`", limit: limits.nameCount)
    }
    var images: [NamedImage] = []
    for entry in entries {
      let name = try Self.name(of: entry)
      let position = images.firstIndex { $0.descriptor.digest == entry.digest }
      if let position {
        guard images[position].descriptor.size == entry.size else {
          throw ImportError.wrongSize(
            entry.digest, expected: images[position].descriptor.size, actual: entry.size)
        }
        if let name, !images[position].names.contains(name) { images[position].names.append(name) }
      } else {
        images.append(
          NamedImage(descriptor: Self.bare(entry), names: name.map { [$0] } ?? []))
      }
    }
    if images.isEmpty { throw ImportError.noImages }
    return images
  }

  /// The entry that a tag, a name or a digest stands for; see `ImageImporter.importImage`.
  func choose(_ name: String?) throws -> Descriptor {
    let matches = entries.filter { entry in
      name.map { Self.matches(entry, $0) } ?? true
    }
    let offered = entries.map { Self.label(of: $0) }
    guard let first = matches.first else {
      throw name.map { .noSuchName($0, offered: offered) } ?? ImportError.noImages
    }
    if matches.allSatisfy({ $0.digest == first.digest }) { return Self.bare(first) }
    if name == nil, let latest = matches.first(where: { Self.matches($0, "latest") }) {
      return Self.bare(latest)
    }
    throw ImportError.ambiguous(offered: offered)
  }

  /// The name that containerd and Docker write, else what skopeo and podman write in the place of the
  /// tag if it is more than a tag; nil where there is no name.
  private static func name(of entry: Descriptor) throws -> Reference? {
    if let text = entry.annotations?[Annotation.imageName] {
      return try tagged(text)
    }
    guard let text = entry.annotations?[Annotation.referenceName],
      text.contains("/") || text.contains(":")
    else { return nil }
    return try? tagged(text)
  }

  /// A reference by its tag; nil where it has a digest alone.
  static func tagged(_ text: String) throws -> Reference? {
    do {
      var reference = try Reference(text)
      reference.digest = nil
      return reference.tag == nil ? nil : reference
    } catch {
      throw ImportError.malformedName(text, error.description)
    }
  }

  private static func matches(_ entry: Descriptor, _ name: String) -> Bool {
    if let digest = Digest(name) { return entry.digest == digest }
    let full = entry.annotations?[Annotation.imageName]
    if name == entry.annotations?[Annotation.referenceName] || name == full { return true }
    guard let full, let own = try? Reference(full) else { return false }
    if own.tag == name { return true }
    return (try? Reference(name)) == own
  }

  private static func label(of entry: Descriptor) -> String {
    entry.annotations?[Annotation.imageName] ?? entry.annotations?[Annotation.referenceName]
      ?? entry.digest.description
  }

  /// Annotations of the archive's index are no part of the image.
  private static func bare(_ entry: Descriptor) -> Descriptor {
    var result = Descriptor(
      mediaType: entry.mediaType, digest: entry.digest, size: entry.size, platform: entry.platform)
    result.artifactType = entry.artifactType
    return result
  }
}
