internal import BuildGraph
internal import Exporters
internal import Frontends
internal import OCI
internal import Registry
internal import SystemPackage

/// Finds the images that a Dockerfile names: in layouts that stand in for them, in the local store, in
/// registries.
///
/// Of what comes from a registry only the documents are fetched; the layers come when a step looks
/// into them.
struct ImageSources: ImageResolver {
  let home: Home
  let layouts: [String: BuildContexts.ImageLayout]
  /// Whether a registry is asked although the store has an image of the name.
  let asksRegistries: Bool

  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage {
    if let layout = layouts[reference] {
      let importer = ImageImporter(store: home.content)
      let image = try await BlockingWork.run {
        try importer.importImage(
          fromLayout: layout.path, name: layout.name, platform: platform)
      }
      return try resolved(image, reference)
    }
    let name = try Reference(reference)
    let stored = try home.content.resolve(name)
    if let stored, !asksRegistries || name.digest != nil {
      return try resolved(await image(stored, platform, name), reference)
    }
    return try resolved(await pull(name, platform, stored), reference)
  }

  /// Of an index that was pulled for another platform, the registry has the rest.
  private func image(
    _ root: Descriptor, _ platform: Platform, _ name: Reference
  ) async throws -> Image {
    let image = try home.content.image(root, platform: platform, name: name.familiar)
    if home.content.contains(image.descriptor) { return image }
    return try await home.registries.puller().image(root, platform: platform, of: name)
  }

  private func pull(
    _ name: Reference, _ platform: Platform, _ stored: Descriptor?
  ) async throws -> Image {
    do {
      let puller = try home.registries.puller()
      let root = try await puller.resolve(name, known: stored)
      let image = try await puller.image(root, platform: platform, of: name)
      try home.keep(root, as: name)
      return image
    } catch let error as RegistryError where stored == nil {
      throw RequestError.imageNotFound(error)
    }
  }

  private func resolved(_ image: Image, _ reference: String) throws -> ResolvedImage {
    ResolvedImage(
      source: ImageSource(reference: reference, descriptor: image.descriptor),
      configuration: try image.configuration())
  }
}

extension Home {
  /// Lists an image that came from a registry: under its tag, or without a name where it was asked for
  /// by its digest.
  func keep(_ root: Descriptor, as name: Reference) throws {
    if name.digest == nil {
      try content.tag(name, root)
    } else {
      try content.keep(root)
    }
  }
}
