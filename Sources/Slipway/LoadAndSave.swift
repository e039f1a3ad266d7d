package import Exporters
import Glibc
internal import OCI
package import SystemPackage

/// How `slipway save` writes.
package enum SaveFormat: String, Sendable, CaseIterable {
  case dockerArchive = "docker-archive"
  case ociArchive = "oci-archive"
  case oci
}

extension Home {
  /// Reads the images of an archive or layout; `nil` reads an archive from standard input.
  ///
  /// Nothing is imported unless all of it is sound. Throws `ImportError`.
  package func load(_ path: FilePath?) throws -> [NamedImage] {
    let importer = ImageImporter(store: content)
    return try withStoreInUse {
      guard let path else { return try importer.load(from: .descriptor(STDIN_FILENO)) }
      guard let status = FileStatus(path) else {
        throw SystemCallError("open", path.string, code: .noSuchFileOrDirectory)
      }
      return try importer.load(from: status.isDirectory ? .layoutDirectory(path) : .file(path))
    }
  }

  /// Writes images to a file; `nil` writes an archive to standard output. What was never fetched of
  /// them is fetched first.
  package func save(_ images: [String], as format: SaveFormat, to path: FilePath?) async throws {
    let named = try images.map { text in
      let reference = try? Reference(text)
      let tag = try reference.flatMap { reference in
        try reference.digest == nil && content.resolve(reference) != nil ? reference : nil
      }
      return NamedImage(descriptor: try descriptor(of: text), names: tag.map { [$0] } ?? [])
    }
    try await whileInUse {
      for image in named { try await registries.complete(image.descriptor) }
      try await write(named, as: format, to: path)
    }
  }

  /// Writes images that are whole.
  func write(_ images: [NamedImage], as format: SaveFormat, to path: FilePath?) async throws {
    let target = path.map { ArchiveTarget.file($0) } ?? .descriptor(STDOUT_FILENO)
    let destination: ExportDestination
    switch (format, path) {
    case (.dockerArchive, _): destination = .dockerArchive(target)
    case (.ociArchive, _): destination = .layoutArchive(target)
    case (.oci, let path?): destination = .layoutDirectory(path)
    case (.oci, nil): throw RequestError.layoutNeedsDirectory
    }
    let exporter = ImageExporter(store: content)
    try await BlockingWork.run { try exporter.write(images, to: destination) }
  }

  /// Writes an image to a destination of a build, and says where; nil for those that are not files.
  /// Every blob of it must be in the store.
  func export(_ image: NamedImage, to destination: ImageOutput.Destination) async throws
    -> FilePath?
  {
    let target: (FilePath) -> ArchiveTarget = { $0 == "-" ? .descriptor(STDOUT_FILENO) : .file($0) }
    let place: FilePath
    let exported: ExportDestination
    switch destination {
    case .layout(let path, archive: true): (place, exported) = (path, .layoutArchive(target(path)))
    case .layout(let path, archive: false): (place, exported) = (path, .layoutDirectory(path))
    case .docker(let path): (place, exported) = (path, .dockerArchive(target(path)))
    case .local(let path, let folders):
      (place, exported) = (path, .directory(path, platformFolders: folders))
    case .tar(let path, let folders):
      (place, exported) = (path, .tar(target(path), platformFolders: folders))
    case .store, .engine, .registry: return nil
    }
    let exporter = ImageExporter(store: content)
    try await BlockingWork.run { try exporter.write([image], to: exported) }
    return place
  }
}
