/// How much an archive or layout may ask for.
package struct ImportLimits: Hashable, Sendable {
  /// Bytes of a manifest, index or configuration.
  package var documentSize: Int64
  /// Members of an archive.
  package var entryCount: Int
  /// Manifests and indices, all images together.
  package var manifestCount: Int
  /// Names of images, all together.
  package var nameCount: Int
  /// Layers of one image.
  package var layerCount: Int
  /// Indices in indices.
  package var indexDepth: Int
  /// Bytes that a compressed stream may always unpack to.
  package var unpackedFloor: Int64
  /// Beyond the floor, how many times the compressed bytes a stream may unpack to.
  package var unpackedRatio: Int64

  package init(
    documentSize: Int64, entryCount: Int, manifestCount: Int, nameCount: Int, layerCount: Int,
    indexDepth: Int, unpackedFloor: Int64, unpackedRatio: Int64
  ) {
    self.documentSize = documentSize
    self.entryCount = entryCount
    self.manifestCount = manifestCount
    self.nameCount = nameCount
    self.layerCount = layerCount
    self.indexDepth = indexDepth
    self.unpackedFloor = unpackedFloor
    self.unpackedRatio = unpackedRatio
  }

  /// Far above what images are made of, and far below what hurts: 8 MiB documents, 1,024 manifests
  /// of 512 layers, 4 GiB or 200 times what is compressed.
  package static let standard = ImportLimits(
    documentSize: 8 << 20, entryCount: 65_536, manifestCount: 1024, nameCount: 1024,
    layerCount: 512, indexDepth: 4, unpackedFloor: 4 << 30, unpackedRatio: 200)
}
