internal import Archive
internal import Engine
internal import OCI
internal import Snapshots

/// A step of a shared cache as an artifact (image-spec, manifest.md, "Guidelines for Artifact Usage"):
/// its record, its layer as any image has it, and the layer's index. `docs/cache-keys.md` has the format.
struct StepArtifact: Sendable {
  let record: Descriptor
  /// Nil where there is no more than the record.
  let layer: Descriptor?
  let index: Descriptor?

  static let type = MediaType(rawValue: "application/vnd.slipway.cache.step.v1")
  static let recordType = MediaType(rawValue: "application/vnd.slipway.cache.step.v1+json")
  static let indexType = MediaType(rawValue: "application/vnd.slipway.layer-index.v1+zstd")

  private static let recordLimit: Int64 = 1 << 20
  private static let indexLimit = 1 << 30

  /// Takes a manifest apart.
  init(_ manifest: [UInt8]) throws(SharedStepProblem) {
    guard let manifest = try? JSON.decode(Manifest.self, from: manifest) else {
      throw SharedStepProblem("its manifest cannot be read")
    }
    guard manifest.artifactType == Self.type, manifest.config.mediaType == Self.recordType,
      (0...Self.recordLimit).contains(manifest.config.size),
      (1...2).contains(manifest.layers.count)
    else { throw SharedStepProblem("its manifest is not that of a step") }
    record = manifest.config
    guard manifest.layers.map(\.mediaType) != [.empty] else {
      (layer, index) = (nil, nil)
      return
    }
    guard manifest.layers[0].mediaType.isLayer, manifest.layers[0].size >= 0 else {
      throw SharedStepProblem("its manifest is not that of a step")
    }
    layer = manifest.layers[0]
    index = manifest.layers.count == 2 ? manifest.layers[1] : nil
    if let index {
      guard index.mediaType == Self.indexType,
        (0...ContentStore.documentLimit).contains(index.size)
      else { throw SharedStepProblem("its manifest is not that of a step") }
    }
  }

  /// Puts the step of a key together from what the manifest names.
  func step(
    of key: Digest, record bytes: [UInt8], index: [UInt8]?
  ) throws(SharedStepProblem) -> SharedStep {
    let step = try step(record: bytes, index: index)
    guard step.belongs(to: key) else { throw SharedStepProblem("it is the step of another key") }
    return step
  }

  private func step(
    record bytes: [UInt8], index: [UInt8]?
  ) throws(SharedStepProblem) -> SharedStep {
    do {
      let record = try JSON.decode(StepDocument.self, from: bytes)
      return SharedStep(
        key: record.key, keys: record.keys, identity: record.identity, base: record.base,
        label: record.label,
        parts: record.parts, layer: try portable(record, index))
    } catch let problem as SharedStepProblem {
      throw problem
    } catch is DecodingError {
      throw SharedStepProblem("its record cannot be read")
    } catch {
      throw SharedStepProblem("\(error)")
    }
  }

  private func portable(_ record: StepDocument, _ index: [UInt8]?) throws -> PortableLayer? {
    guard let layer else { return nil }
    guard let diffID = record.diffID, let encoding = record.encoding.flatMap(LayerEncoding.init)
    else { throw SharedStepProblem("its layer is of an unknown encoding") }
    let unpacked = try index.map { bytes in
      try LimitedSource(ZstdReader(MemorySource(bytes)), limit: Int64(Self.indexLimit))
        .readAll(limit: Self.indexLimit)
    }
    return try PortableLayer(
      blob: LayerBlob(
        diffID: diffID,
        descriptor: Descriptor(
          mediaType: layer.mediaType, digest: layer.digest, size: layer.size)),
      encoding: encoding, index: unpacked)
  }

  /// Writes the artifact of a step into a store, all but the layer, and returns what points at its
  /// manifest. Nil for a layer with so many files that nobody would read its index.
  static func write(_ step: SharedStep, to store: ContentStore) throws -> Descriptor? {
    let record = try JSON.encode(StepDocument(step))
    // An artifact without layers has the empty one (image-spec, manifest.md, "Guidance for an Empty
    // Descriptor").
    var layers = [try step.layer?.blob.descriptor ?? store.add(Array("{}".utf8), as: .empty)]
    if let index = step.layer?.index {
      let packed = MemorySink()
      let writer = try ZstdWriter(packed)
      try index.withUnsafeBytes { try writer.write($0) }
      try writer.finish()
      guard packed.bytes.count <= ContentStore.documentLimit, index.count <= indexLimit else {
        return nil
      }
      layers.append(try store.add(packed.bytes, as: indexType))
    }
    var manifest = Manifest(config: try store.add(record, as: recordType), layers: layers)
    manifest.artifactType = type
    var descriptor = try store.add(JSON.encode(manifest), as: .manifest)
    descriptor.artifactType = type
    return descriptor
  }
}

/// The record of a step, as others read it.
private struct StepDocument: Codable {
  let base: [Digest]
  let diffID: Digest?
  let encoding: String?
  let identity: Digest
  let key: Digest
  let keys: [Digest]
  let label: String
  let parts: [CacheRecord.KeyPart]

  init(_ step: SharedStep) {
    base = step.base
    diffID = step.layer?.blob.diffID
    encoding = step.layer?.encoding.key
    identity = step.identity
    key = step.key
    keys = step.keys
    label = step.label
    parts = step.parts
  }
}
