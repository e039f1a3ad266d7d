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

  /// Writes images to a file; `nil` writes an archive to standard output.
  package func save(_ images: [String], as format: SaveFormat, to path: FilePath?) throws {
    let named = try images.map { text in
      let reference = try? Reference(text)
      let tag = try reference.flatMap { reference in
        try reference.digest == nil && content.resolve(reference) != nil ? reference : nil
      }
      return NamedImage(descriptor: try descriptor(of: text), names: tag.map { [$0] } ?? [])
    }
    let target = path.map { ArchiveTarget.file($0) } ?? .descriptor(STDOUT_FILENO)
    let destination: ExportDestination
    switch (format, path) {
    case (.dockerArchive, _): destination = .dockerArchive(target)
    case (.ociArchive, _): destination = .layoutArchive(target)
    case (.oci, let path?): destination = .layoutDirectory(path)
    case (.oci, nil): throw RequestError.layoutNeedsDirectory
    }
    try withStoreInUse { try ImageExporter(store: content).write(named, to: destination) }
  }

  /// Sends an image to a destination of a build.
  func export(_ image: Image, names: [Reference], to output: ImageOutput) throws {
    let target: (FilePath) -> ArchiveTarget = { $0 == "-" ? .descriptor(STDOUT_FILENO) : .file($0) }
    let destination: ExportDestination
    switch output {
    case .layout(let path, archive: true): destination = .layoutArchive(target(path))
    case .layout(let path, archive: false): destination = .layoutDirectory(path)
    case .docker(let path): destination = .dockerArchive(target(path))
    case .local(let path): destination = .directory(path)
    case .tar(let path): destination = .tar(target(path))
    }
    try ImageExporter(store: content)
      .write([NamedImage(descriptor: image.descriptor, names: names)], to: destination)
  }
}

extension ImageOutput {
  /// Where it goes, for people.
  var path: FilePath {
    switch self {
    case .layout(let path, _), .docker(let path), .local(let path), .tar(let path): path
    }
  }
}
