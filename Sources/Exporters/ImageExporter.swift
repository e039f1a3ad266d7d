import Archive
package import OCI
import SystemPackage

/// Writes images of a store to a destination.
package struct ImageExporter: Sendable {
  private let store: ContentStore
  private let progress: TransferProgress

  /// `progress` is told the bytes that were written.
  package init(store: ContentStore, progress: @escaping TransferProgress = { _ in }) {
    self.store = store
    self.progress = progress
  }

  /// Writes `images`; every blob of theirs must be in the store. Blocks the thread.
  ///
  /// Of an index only those manifests are written that are in the store. A file that is written
  /// appears under its name only when it is whole. Throws ``ExportError``, `ContentError`,
  /// `SystemCallError` and `ArchiveError`.
  package func write(_ images: [NamedImage], to destination: ExportDestination) throws {
    let contents = try images.map { try ImageContent(of: $0, in: store) }
    switch destination {
    case .layoutDirectory(let path):
      try LayoutDirectory(path: path, progress: progress).add(contents, from: store)
    case .layoutArchive(let target):
      try writeArchive(contents, isDockerArchive: false, to: target)
    case .dockerArchive(let target):
      try writeArchive(contents, isDockerArchive: true, to: target)
    case .directory(let path, let folders):
      let sink = try DirectoryFileSystemSink(path, progress: progress)
      try writeFiles(of: contents, folders, to: sink)
    case .tar(let target, let folders):
      try target.write { sink in
        let sink = TarFileSystemSink(CountingSink(sink, progress: progress))
        try writeFiles(of: contents, folders, to: sink)
      }
    }
  }

  private func writeArchive(
    _ contents: [ImageContent], isDockerArchive: Bool, to target: ArchiveTarget
  ) throws {
    let archive = LayoutArchive(contents: contents, store: store, isDockerArchive: isDockerArchive)
    try target.write { try archive.write(to: CountingSink($0, progress: progress)) }
  }

  private func writeFiles(
    of contents: [ImageContent], _ folders: PlatformFolders, to sink: any FileSystemSink
  ) throws {
    var seen: Set<Digest> = []
    let images = contents.flatMap(\.runnable).filter { seen.insert($0.descriptor.digest).inserted }
    if images.isEmpty { throw ExportError.noFileSystem }
    switch folders {
    case .whenSeveral where images.count > 1, .always: try writeByPlatform(images, to: sink)
    case .whenSeveral, .never:
      let merged = images.count == 1 ? sink : MergedFileSystemSink(sink)
      for image in images { try FlattenedImage(image.manifest, in: store).write(to: merged) }
    }
    try sink.finish()
  }

  private func writeByPlatform(_ images: [RunnableManifest], to sink: any FileSystemSink) throws {
    var used: Set<String> = []
    let named = try images.map { image in
      let platform = try Image(image.descriptor, in: store).configuration().platform
      let folder = platform.folderName
      guard used.insert(folder).inserted else { throw ExportError.ambiguousFileSystem(folder) }
      return (folder, image)
    }
    for (folder, image) in named {
      try FlattenedImage(image.manifest, in: store).write(to: sink, prefix: Array(folder.utf8))
    }
  }
}

extension Platform {
  /// As buildx names the folders of a multi-platform export. The configuration is an image's word, so
  /// what could lead elsewhere is replaced.
  fileprivate var folderName: String {
    let name = String(
      description.map { character in
        character.isLetter || character.isNumber || "._-".contains(character) ? character : "_"
      })
    return name.allSatisfy { $0 == "." } ? "_" : name
  }
}
