import Archive
import CLinux
import Glibc
import OCI
import SystemPackage

/// The blobs of an OCI image layout on disk.
///
/// Symbolic links are not followed and only regular files are read: a layout that somebody else made
/// must not be able to point at other files of this machine, or at a pipe that never ends.
final class LayoutOrigin: BlobOrigin {
  let index: ImageIndex
  private let path: FilePath
  private let root: OwnedDescriptor
  private let progress: TransferProgress

  init(_ path: FilePath, limits: ImportLimits, progress: @escaping TransferProgress) throws {
    self.path = path
    self.progress = progress
    root = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    guard let markerFile = try Self.open(LayoutMarker.fileName, below: root, path: path),
      let indexFile = try Self.open(LayoutMarker.indexName, below: root, path: path)
    else { throw ImportError.notALayout(path) }
    let marker = try Document.decode(
      LayoutMarker.self, from: Self.read(markerFile, LayoutMarker.fileName, limits),
      origin: LayoutMarker.fileName)
    guard marker.isSupported else { throw ImportError.layoutVersion(marker.imageLayoutVersion) }
    index = try Document.decode(
      ImageIndex.self, from: Self.read(indexFile, LayoutMarker.indexName, limits),
      origin: LayoutMarker.indexName)
  }

  func stage(_ descriptor: Descriptor, in staging: ContentStore) throws -> Bool {
    let name = "blobs/sha256/" + descriptor.digest.hex
    guard let file = try Self.open(name, below: root, path: path) else { return false }
    var status = stat()
    if fstat(file.rawValue, &status) != 0 { throw SystemCallError("read", name) }
    guard Int64(status.st_size) == descriptor.size else {
      throw ImportError.wrongSize(
        descriptor.digest, expected: descriptor.size, actual: Int64(status.st_size))
    }
    let blob = StagedBlobSink(try BlobWriter(store: staging))
    let source = CountingSource(FileDescriptorSource(file.rawValue), progress: progress)
    // It may grow while it is read.
    try LimitedSource(source, limit: descriptor.size).copy(to: blob)
    _ = try blob.commit(expecting: descriptor.digest)
    return true
  }

  /// nil where there is no such file.
  private static func open(
    _ name: String, below root: borrowing OwnedDescriptor, path: FilePath
  ) throws -> OwnedDescriptor? {
    // Without O_NONBLOCK the open of a named pipe waits for a writer.
    let descriptor = slipway_open_beneath(root.rawValue, name, O_RDONLY | O_NONBLOCK, 0)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw SystemCallError("open", path.appending(name).string)
    }
    let file = OwnedDescriptor(adopting: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ImportError.member(name, .unsupportedKind("not a regular file"))
    }
    return file
  }

  private static func read(
    _ file: borrowing OwnedDescriptor, _ name: String, _ limits: ImportLimits
  ) throws -> [UInt8] {
    var status = stat()
    if fstat(file.rawValue, &status) != 0 { throw SystemCallError("read", name) }
    guard Int64(status.st_size) <= limits.documentSize else {
      throw ImportError.documentTooLarge(
        "`\(name)`", size: Int64(status.st_size), limit: limits.documentSize)
    }
    return try FileDescriptorSource(file.rawValue).readAll(limit: Int(limits.documentSize))
  }
}
