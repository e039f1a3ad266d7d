internal import BuildGraph
internal import Exporters
internal import Frontends
internal import OCI
internal import SystemPackage

/// Finds images in the local store, and in layouts that stand in for them.
struct StoreResolver: ImageResolver {
  let home: Home
  let layouts: [String: BuildContexts.ImageLayout]

  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage {
    if let layout = layouts[reference] {
      let importer = ImageImporter(store: home.content)
      let image = try importer.importImage(
        fromLayout: layout.path, name: layout.name, platform: platform)
      return try resolved(image, reference)
    }
    let name = try Reference(reference)
    guard let image = try home.content.image(name, platform: platform) else {
      throw RequestError.imageNotInStore(name)
    }
    return try resolved(image, reference)
  }

  private func resolved(_ image: Image, _ reference: String) throws -> ResolvedImage {
    ResolvedImage(
      source: ImageSource(reference: reference, descriptor: image.descriptor),
      configuration: try image.configuration())
  }
}
