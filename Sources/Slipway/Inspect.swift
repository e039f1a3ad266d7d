package import Archive
internal import Engine
package import OCI
internal import Snapshots

/// What `slipway inspect` shows.
package struct InspectedImage: Sendable, Encodable {
  package let name: String?
  package let digest: Digest
  package let manifest: Manifest
  package let configuration: ImageConfiguration
  /// Bytes of the layers as they are stored.
  package let size: Int64
}

/// A file of an image.
package struct ListedFile: Sendable {
  /// Absolute; bytes that are not UTF-8 are replaced.
  package let path: String
  package let metadata: FileMetadata

  /// As `ls -l` has it, such as `-rwxr-xr-x`.
  package var modeText: String {
    let kind: Character =
      switch metadata.kind {
      case .regular, .hardLink: "-"
      case .directory: "d"
      case .symbolicLink: "l"
      case .characterDevice: "c"
      case .blockDevice: "b"
      case .fifo: "p"
      }
    var text = String(kind)
    let permissions = metadata.permissions
    for (shift, special, letter) in [(6, 0o4000, "s"), (3, 0o2000, "s"), (0, 0o1000, "t")] {
      let bits = permissions >> UInt16(shift)
      let isSpecial = permissions & UInt16(special) != 0
      let executable = bits & 1 != 0
      text += bits & 4 != 0 ? "r" : "-"
      text += bits & 2 != 0 ? "w" : "-"
      text += isSpecial ? (executable ? letter : letter.uppercased()) : (executable ? "x" : "-")
    }
    return text
  }
}

extension Home {
  /// The manifest and configuration of an image; of an index, those for the platform.
  package func inspect(_ text: String, platform: Platform = .host) throws -> InspectedImage {
    let image = try find(text, platform: platform)
    let manifest = try image.manifest()
    let reference = try? Reference(text)
    let isTag = try reference.map { try content.resolve($0) != nil } ?? false
    return InspectedImage(
      name: isTag ? reference?.familiar : nil, digest: image.descriptor.digest,
      manifest: manifest, configuration: try image.configuration(),
      size: manifest.layers.reduce(0) { $0 + $1.size })
  }

  /// The files of an image in path order, the root left out.
  ///
  /// What was never fetched of it is fetched first.
  package func files(
    of text: String, platform: Platform = .host
  ) async throws -> [ListedFile] {
    let image = try find(text, platform: platform)
    return try await whileInUse {
      try await registries.complete(image.descriptor)
      return try await BlockingWork.run { try self.files(of: image) }
    }
  }

  private func files(of image: Image) throws -> [ListedFile] {
    let tree = try stores.layers.tree(ofStack: stores.layerStack(of: image))
    var files: [ListedFile] = []
    func list(_ directory: TreePath) throws {
      for child in try tree.children(of: directory) {
        let path = directory.appending(child.name)
        files.append(ListedFile(path: path.description, metadata: child.node.metadata))
        if child.node.isDirectory { try list(path) }
      }
    }
    try list(.root)
    return files
  }
}
