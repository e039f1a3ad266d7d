import Archive
import OCI

/// A tar of an OCI image layout, which may be a docker archive at the same time.
///
/// Members are sorted and have neither times nor owners, so that the same images make the same bytes.
/// As a docker archive it has a `manifest.json` that points at the layout's blobs: engines old and new,
/// podman and skopeo read one or the other form, and no blob is there twice.
struct LayoutArchive {
  let contents: [ImageContent]
  let store: ContentStore
  let isDockerArchive: Bool

  func write(to sink: any ByteSink) throws {
    let writer = TarWriter(sink)
    try add(directory: "blobs", to: writer)
    try add(directory: "blobs/sha256", to: writer)
    for blob in contents.allBlobs { try add(blob, to: writer) }
    try add(JSON.encode(contents.index), as: LayoutMarker.indexName, to: writer)
    if isDockerArchive {
      try add(JSON.encode(dockerManifests()), as: DockerManifest.fileName, to: writer)
    }
    try add(JSON.encode(LayoutMarker()), as: LayoutMarker.fileName, to: writer)
    try writer.finish()
  }

  /// An engine of one platform takes one image of an index: this machine's, else the first.
  private func dockerManifests() throws -> [DockerManifest] {
    var manifests: [DockerManifest] = []
    for content in contents {
      let images = try content.runnable.map { image in
        (image, try Image(image.descriptor, in: store).configuration().platform)
      }
      let chosen = images.min {
        $0.1.rank(for: .host) ?? .max < $1.1.rank(for: .host) ?? .max
      }
      guard let (image, _) = chosen else { continue }
      manifests.append(
        DockerManifest(
          config: Self.path(of: image.manifest.config),
          repositoryTags: content.image.names.filter { $0.digest == nil }.map(\.familiar),
          layers: image.manifest.layers.map(Self.path)))
    }
    if manifests.isEmpty, !contents.isEmpty { throw ExportError.noFileSystem }
    return manifests
  }

  private static func path(of blob: Descriptor) -> String { "blobs/sha256/" + blob.digest.hex }

  private func add(directory path: String, to writer: TarWriter) throws {
    try writer.begin(
      TarEntry(path: path, metadata: FileMetadata(kind: .directory, permissions: 0o755)))
  }

  private func add(_ bytes: [UInt8], as path: String, to writer: TarWriter) throws {
    try writer.begin(Self.file(path, size: Int64(bytes.count)))
    try writer.writeContents(bytes)
  }

  private func add(_ blob: Descriptor, to writer: TarWriter) throws {
    try writer.begin(Self.file(Self.path(of: blob), size: blob.size))
    try VerifiedBlobSource(blob, in: store).copy(to: TarContentsSink(writer))
  }

  private static func file(_ path: String, size: Int64) -> TarEntry {
    TarEntry(
      path: path, metadata: FileMetadata(kind: .regular, permissions: 0o644, size: size))
  }
}

/// Writes into the open entry of a tar.
final class TarContentsSink: ByteSink {
  private let writer: TarWriter

  init(_ writer: TarWriter) {
    self.writer = writer
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try writer.writeContents(bytes)
  }
}
