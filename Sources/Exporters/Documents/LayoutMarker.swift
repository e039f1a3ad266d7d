import OCI

/// The `oci-layout` file (image-spec, image-layout.md).
struct LayoutMarker: Codable {
  static let fileName = "oci-layout"
  static let indexName = "index.json"

  var imageLayoutVersion = "1.0.0"

  /// Whether the layout is of the one version that there is.
  var isSupported: Bool { imageLayoutVersion == "1.0.0" }
}
