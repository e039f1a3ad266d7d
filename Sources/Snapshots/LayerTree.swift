package import Archive
package import OCI

/// One layer of a stack, with what it takes away from the layers below it.
package protocol LayerTree: Sendable {
  /// What the layer says of a path.
  func layerNode(at path: TreePath) throws -> LayerNode?

  /// What the layer says of the entries of a directory, sorted by name; whiteouts are among them.
  func layerChildren(of path: TreePath) throws -> [LayerChild]

  /// The contents of a regular file of this layer.
  func open(_ path: TreePath) throws -> any ByteSource

  /// The SHA-256 of a regular file's contents; reads them unless the layer knows better.
  func contentDigest(of path: TreePath, _ node: FileNode) throws -> Digest
}

/// What a layer says of a path.
package enum LayerNode: Hashable, Sendable {
  /// A file. `opaque` is true for a directory that hides what lower layers have in it.
  case file(FileNode, opaque: Bool)
  /// Lower layers' file of this name is gone.
  case whiteout
}

/// An entry of a layer's directory.
package struct LayerChild: Hashable, Sendable {
  package var name: [UInt8]
  package var node: LayerNode

  package init(name: [UInt8], node: LayerNode) {
    self.name = name
    self.node = node
  }
}
