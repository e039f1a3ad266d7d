package import OCI
internal import Snapshots

/// The steps that an image was made by, as its configuration lists them (`--cache-to type=inline`), so that
/// the image is a cache of itself.
///
/// Of steps that are not part of the image there are nothing but the keys. Of layers, only the blobs are there, no index: what a blob clamps of times is lost.
package struct InlineSteps: Codable, Sendable {
  /// How the blobs of the steps' layers were made.
  var encoding: String
  var steps: [Entry]

  struct Entry: Codable, Sendable {
    /// The number of the step's layer, from 0 at the bottom; nil for steps that are not part of the image.
    var layer: Int?
    /// How many layers right below it the step was run on.
    var baseCount: Int?
    var identity: Digest
    var keys: [Digest]
  }

  /// The part of a configuration that has them.
  private struct Configuration: Decodable {
    let steps: InlineSteps?
    let rootFileSystem: ImageConfiguration.RootFileSystem

    enum CodingKeys: String, CodingKey {
      case steps = "vnd.slipway.cache.v1"
      case rootFileSystem = "rootfs"
    }
  }

  /// The configuration with the steps in it.
  func added(to configuration: ImageConfiguration) throws -> [UInt8] {
    try JSON.encode(Extended(configuration: configuration, steps: self))
  }

  private struct Extended: Encodable {
    let configuration: ImageConfiguration
    let steps: InlineSteps

    func encode(to encoder: any Encoder) throws {
      try configuration.encode(to: encoder)
      var values = encoder.container(keyedBy: Configuration.CodingKeys.self)
      try values.encode(steps, forKey: .steps)
    }
  }

  /// The steps of an image by their keys; none where its configuration lists none, or nothing that
  /// makes sense.
  package static func read(_ configuration: [UInt8], _ manifest: Manifest) -> [Digest: SharedStep] {
    guard let document = try? JSON.decode(Configuration.self, from: configuration),
      let listed = document.steps, let encoding = LayerEncoding(key: listed.encoding),
      manifest.layers.count == document.rootFileSystem.diffIDs.count
    else { return [:] }
    let diffIDs = document.rootFileSystem.diffIDs
    var result: [Digest: SharedStep] = [:]
    for entry in listed.steps {
      var base: [Digest] = []
      var layer: PortableLayer?
      if let number = entry.layer {
        let baseCount = entry.baseCount ?? 0
        guard diffIDs.indices.contains(number), (0...number).contains(baseCount),
          let found = try? PortableLayer(
            blob: LayerBlob(
              diffID: diffIDs[number], descriptor: manifest.layers[number].withoutAnnotations),
            encoding: encoding, index: nil)
        else { continue }
        base = Array(diffIDs[(number - baseCount)..<number])
        layer = found
      }
      for key in entry.keys {
        result[key] = SharedStep(
          key: key, keys: entry.keys, identity: entry.identity, base: base,
          label: layer == nil ? "a step of another stage" : "a step of the image", parts: [],
          layer: layer)
      }
    }
    return result
  }
}

extension Descriptor {
  fileprivate var withoutAnnotations: Descriptor {
    Descriptor(mediaType: mediaType, digest: digest, size: size)
  }
}
