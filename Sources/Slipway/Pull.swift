package import OCI
internal import Registry
package import Reporting

extension Home {
  /// Fetches an image from its registry, and lists it under its name; what the store has is not fetched
  /// again. An index is kept as it is, with the manifests and layers of the wanted platforms.
  ///
  /// - Parameter platforms: none means this machine's; nil means all that there are.
  ///
  /// Returns what the name stands for. Throws `RegistryError` and `ImageError`.
  package func pull(
    _ name: Reference, platforms: [Platform]?, _ reporter: Reporter
  ) async throws -> Descriptor {
    try await whileInUse {
      try await fetching(step: 1, reporter) {
        let puller = try registries.puller()
        let root = try await puller.resolve(name, known: try content.resolve(name))
        let images = try await images(root, platforms, of: name, puller)
        try await registries.fetcher.fetch(try images.flatMap { try $0.parts() })
        try keep(root, as: name)
        return root
      }
    }
  }

  private func images(
    _ root: Descriptor, _ platforms: [Platform]?, of name: Reference, _ puller: ImagePuller
  ) async throws -> [Image] {
    guard let platforms else { return try await puller.images(root, of: name) }
    var images: [Image] = []
    for platform in platforms.isEmpty ? [.host] : platforms {
      images.append(try await puller.image(root, platform: platform, of: name))
    }
    return images
  }
}
