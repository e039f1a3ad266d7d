package import OCI
package import Snapshots

/// A step's result as machines share it: what was run on what, and the layer that it made.
package struct SharedStep: Sendable {
  /// The key under which it is kept.
  package var key: Digest
  /// All keys of the result, the one that it is kept under among them: by definition, by content.
  package var keys: [Digest]
  /// What stands for the result in the keys of later steps: one of the keys.
  package var identity: Digest
  /// The diffIDs of the layers that the step was run on, bottom first. On others, the result may not
  /// fit: what a step below makes is not always the same.
  package var base: [Digest]
  /// For people: the step's label.
  package var label: String
  /// The parts of the key, so that a miss can be explained; empty where they are not known.
  package var parts: [CacheRecord.KeyPart]
  /// Nil where the cache has no more than that the step was run: it says which keys the steps on it have.
  package var layer: PortableLayer?

  package init(
    key: Digest, keys: [Digest], identity: Digest, base: [Digest], label: String,
    parts: [CacheRecord.KeyPart],
    layer: PortableLayer?
  ) {
    self.key = key
    self.keys = keys
    self.identity = identity
    self.base = base
    self.label = label
    self.parts = parts
    self.layer = layer
  }

  /// Whether the keys are what they should be for a step that was asked for by `key`.
  package func belongs(to key: Digest) -> Bool {
    key == self.key && keys.count <= 2 && keys.contains(key) && keys.contains(identity)
  }
}
