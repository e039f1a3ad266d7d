internal import BuildGraph
package import OCI
package import Snapshots

/// What is remembered of a step that was run: found by its key, used instead of running it again.
package struct CacheRecord: Codable, Sendable {
  /// What stands for the result in the keys of later steps.
  package var identity: Digest
  /// The layer that the step made; nil where it is known only that somebody ran the step: then it is
  /// run when its layer is needed, but not before.
  package var layer: LayerID?
  /// For people: the step's label.
  package var label: String
  /// The parts of the key, so that a miss can be explained: name and value.
  package var parts: [KeyPart]
  /// All keys under which it was remembered when it was made; nil where that was not noted.
  package var keys: [Digest]?

  /// A part of a key.
  package struct KeyPart: Codable, Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  init(
    identity: Digest, layer: LayerID?, label: String, parts: [KeyPart] = [], keys: [Digest]? = nil
  ) {
    self.identity = identity
    self.layer = layer
    self.label = label
    self.parts = parts
    self.keys = keys
  }
}

/// The parts of a step's key, and the key.
struct StepKey: Sendable {
  let parts: [CacheRecord.KeyPart]
  let digest: Digest

  init(_ parts: [CacheRecord.KeyPart]) {
    self.parts = parts
    var encoder = CanonicalEncoder()
    for part in parts {
      encoder.add("name", part.name)
      encoder.add("value", part.value)
    }
    digest = encoder.digest
  }

  /// A key of which the parts are not known any more.
  init(known digest: Digest) {
    parts = []
    self.digest = digest
  }
}
