/// An image of a docker archive: an element of the array in its `manifest.json`
/// (moby, image/spec/spec.md, "Combined Image JSON + Filesystem Changeset Format").
struct DockerManifest: Codable {
  static let fileName = "manifest.json"

  /// The path of the configuration in the archive.
  var config: String
  /// The names as people type them.
  var repositoryTags: [String]?
  /// The paths of the layers in the archive, bottom first.
  var layers: [String]

  enum CodingKeys: String, CodingKey {
    case config = "Config"
    case repositoryTags = "RepoTags"
    case layers = "Layers"
  }

  init(config: String, repositoryTags: [String], layers: [String]) {
    self.config = config
    self.repositoryTags = repositoryTags
    self.layers = layers
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    config = try values.decode(String.self, forKey: .config)
    repositoryTags = try values.decodeIfPresent([String].self, forKey: .repositoryTags)
    // Go writes an empty list as null.
    layers = try values.decodeIfPresent([String].self, forKey: .layers) ?? []
  }
}
