internal import Exporters
package import OCI
internal import Registry
package import Reporting
package import SystemPackage

/// Where `slipway copy` copies to.
package enum CopyDestination: Sendable, Hashable {
  case registry(Reference)
  /// A layout or archive, as `slipway save` writes it.
  case file(SaveFormat, FilePath)
}

extension Home {
  /// Copies an image from a registry to another place, its name and digest included.
  ///
  /// Between registries nothing is kept here but the documents: layers are mounted, or passed on as they
  /// arrive. Of an index everything is copied, unless platforms are named: then one image, or a
  /// new index of those.
  ///
  /// Returns what was copied. Throws `RegistryError` and `ImageError`.
  package func copy(
    _ source: Reference, to destination: CopyDestination, platforms: [Platform],
    _ reporter: Reporter
  ) async throws -> Descriptor {
    try await whileInUse {
      let puller = try registries.puller()
      let root = try await puller.resolve(source)
      let copied = try await select(platforms, of: root, source, puller)
      switch destination {
      case .registry(let target):
        try await push(copied, to: target, source: source, step: 1, reporter)
      case .file(let format, let path):
        try await fetching(step: 1, reporter) { try await registries.complete(copied) }
        try await write([NamedImage(copied, source)], as: format, to: path)
      }
      return copied
    }
  }

  private func select(
    _ platforms: [Platform], of root: Descriptor, _ source: Reference, _ puller: ImagePuller
  ) async throws -> Descriptor {
    guard !platforms.isEmpty, root.mediaType.isIndex else {
      _ = try await puller.images(root, of: source)
      return root
    }
    var chosen: [Descriptor] = []
    for platform in platforms {
      var image = try await puller.image(root, platform: platform, of: source).descriptor
      image.platform = image.platform ?? platform
      chosen.append(image)
    }
    if chosen.count == 1 { return chosen[0] }
    return try content.add(JSON.encode(ImageIndex(manifests: chosen)), as: .index)
  }
}

extension NamedImage {
  /// Under its own name, unless that is a digest.
  fileprivate init(_ descriptor: Descriptor, _ name: Reference) {
    self.init(descriptor: descriptor, names: name.digest == nil ? [name] : [])
  }
}
