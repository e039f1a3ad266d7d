import OCI

extension ImageIndex {
  /// Lists an image under its names, or without one where it has none.
  ///
  /// An image that had one of the names loses it. `referenceName` says what becomes of a name in
  /// `org.opencontainers.image.ref.name`: the specification wants a tag, a store the whole name.
  mutating func add(_ image: NamedImage, referenceName: (Reference) -> String) {
    for name in image.names { remove(name) }
    manifests.removeAll { $0.digest == image.descriptor.digest && !$0.hasName }
    let hasOther = manifests.contains { $0.digest == image.descriptor.digest }
    if image.names.isEmpty, !hasOther { manifests.append(image.descriptor.withoutNames) }
    for name in image.names {
      var entry = image.descriptor.withoutNames
      var annotations = entry.annotations ?? [:]
      annotations[Annotation.referenceName] = referenceName(name)
      annotations[Annotation.imageName] = name.description
      entry.annotations = annotations
      manifests.append(entry)
    }
  }

  private mutating func remove(_ name: Reference) {
    manifests.removeAll { $0.annotations?[Annotation.imageName] == name.description }
  }
}

extension Descriptor {
  fileprivate var hasName: Bool {
    annotations?[Annotation.imageName] != nil || annotations?[Annotation.referenceName] != nil
  }

  fileprivate var withoutNames: Descriptor {
    var result = self
    result.annotations?[Annotation.imageName] = nil
    result.annotations?[Annotation.referenceName] = nil
    if result.annotations?.isEmpty == true { result.annotations = nil }
    return result
  }
}
