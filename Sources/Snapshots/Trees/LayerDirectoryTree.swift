package import Archive
package import SystemPackage

/// A layer in a directory of overlayfs's format: the upper directory of an overlay mount.
///
/// A character device 0/0 is a whiteout, as is an empty file with the attribute `overlay.whiteout`;
/// a directory with the attribute `overlay.opaque` = `y` hides what is below it. The attributes are
/// in `user.` or, for mounts made by root, in `trusted.` (Linux, filesystems/overlayfs.rst,
/// "whiteouts and opaque directories").
package final class LayerDirectoryTree: LayerTree {
  private let reader: DirectoryReader

  package init(_ root: FilePath) throws {
    reader = try DirectoryReader(root, readsExtendedAttributes: true)
  }

  package func layerNode(at path: TreePath) throws -> LayerNode? {
    try reader.node(at: path).map { try layerNode($0, path) }
  }

  package func layerChildren(of path: TreePath) throws -> [LayerChild] {
    try reader.entries(of: path).map { found in
      LayerChild(
        name: found.name, node: try layerNode(found.node, path.appending(found.name)))
    }
  }

  package func open(_ path: TreePath) throws -> any ByteSource {
    try reader.open(path)
  }

  private func layerNode(_ node: FileNode, _ path: TreePath) throws -> LayerNode {
    var node = node
    if node.metadata.isWhiteoutDevice { return .whiteout }
    if node.metadata.extendedAttributes.isEmpty { return .file(node, opaque: false) }
    var isOpaque = false
    for attribute in node.metadata.extendedAttributes {
      guard let name = attribute.overlayName else { continue }
      switch String(decoding: name, as: UTF8.self) {
      case "opaque": isOpaque = isOpaque || attribute.value.elementsEqual("y".utf8)
      case "whiteout" where node.metadata.kind == .regular && node.metadata.size == 0:
        return .whiteout
      // The contents are elsewhere. Our own mounts switch these off.
      case "metacopy": throw TreeError.overlayFeature("metacopy", path)
      case "redirect": throw TreeError.overlayFeature("redirect_dir", path)
      default: break
      }
    }
    node.metadata.extendedAttributes.removeAll { !$0.isShown }
    return .file(node, opaque: isOpaque && node.isDirectory)
  }
}

extension FileMetadata {
  fileprivate var isWhiteoutDevice: Bool {
    kind == .characterDevice && deviceMajor == 0 && deviceMinor == 0
  }
}
