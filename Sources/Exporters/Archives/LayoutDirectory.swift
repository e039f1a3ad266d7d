import Archive
import CLinux
import Glibc
import OCI
import SystemPackage

/// An OCI image layout that images are added to, made where there is none.
///
/// `oci-layout` comes first and `index.json` last, each blob under its name only when it is whole: who
/// is interrupted leaves a layout without the new images, to which they can be added again.
struct LayoutDirectory {
  let path: FilePath
  let progress: TransferProgress

  func add(_ contents: [ImageContent], from store: ContentStore) throws {
    let lock = try openDirectory()
    // The directory itself is the lock, so that no lock file is left in it.
    while flock(lock.rawValue, LOCK_EX) != 0 {
      if errno != EINTR { throw SystemCallError("lock", path.string) }
    }
    try claim()
    let blobs = path.appending("blobs").appending("sha256")
    try ContentStore.makeDirectories(blobs)
    for blob in contents.allBlobs {
      try copy(blob, from: store, to: blobs.appending(blob.digest.hex))
    }
    var index = try currentIndex()
    for content in contents { index.add(content.image, referenceName: \.layoutReferenceName) }
    try replace(indexPath, with: JSON.encode(index))
    if fsync(lock.rawValue) != 0 { throw SystemCallError("sync", path.string) }
  }

  private var indexPath: FilePath { path.appending(LayoutMarker.indexName) }

  private func openDirectory() throws -> OwnedDescriptor {
    try ContentStore.makeDirectories(path)
    do {
      return try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    } catch let error as SystemCallError where error.code == .notDirectory {
      throw ExportError.notADirectory(path)
    }
  }

  /// Makes an empty directory a layout, and refuses one that is something else.
  private func claim() throws {
    let marker = path.appending(LayoutMarker.fileName)
    if access(marker.string, F_OK) == 0 {
      let bytes = try SmallFile.read(marker, limit: 4096)
      let found = try Document.decode(LayoutMarker.self, from: bytes, origin: marker.string)
      guard found.isSupported else {
        throw ExportError.layoutVersion(path, found.imageLayoutVersion)
      }
      return
    }
    guard try DirectoryListing.isEmpty(path) else { throw ExportError.notALayout(path) }
    try replace(marker, with: JSON.encode(LayoutMarker()))
  }

  private func currentIndex() throws -> ImageIndex {
    guard access(indexPath.string, F_OK) == 0 else { return ImageIndex() }
    let bytes = try SmallFile.read(indexPath, limit: Int(ContentStore.documentLimit))
    return try Document.decode(ImageIndex.self, from: bytes, origin: indexPath.string)
  }

  private func replace(_ destination: FilePath, with bytes: [UInt8]) throws {
    try withTemporary(beside: destination) { file in
      try bytes.withUnsafeBytes { try file.write($0, path: destination) }
    }
  }

  /// Copies, and does not link: a layout is for other tools, and one that writes into a file of it
  /// would change the store's blob too. On file systems that can share blocks nothing is copied.
  private func copy(_ blob: Descriptor, from store: ContentStore, to destination: FilePath) throws {
    var status = stat()
    if stat(destination.string, &status) == 0, Int64(status.st_size) == blob.size {
      return progress(blob.size)
    }
    try withTemporary(beside: destination) { file in
      let source = try OwnedDescriptor(opening: store.path(of: blob.digest), O_RDONLY)
      let copier = FileCopier(progress: progress)
      try copier.copy(from: source, to: file, size: blob.size, path: destination)
      // The kernel copied; whether it is what its name says shows only when it is read.
      let check = try VerifiedBlobSource(blob, in: store)
      try check.copy(to: DiscardingSink())
    }
  }

  private func withTemporary(
    beside destination: FilePath, _ body: (borrowing OwnedDescriptor) throws -> Void
  ) throws {
    let temporary = destination.removingLastComponent().appending(TemporaryName.make())
    do {
      let file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL)
      try body(file)
      if fsync(file.rawValue) != 0 { throw SystemCallError("sync", destination.string) }
      if rename(temporary.string, destination.string) != 0 {
        throw SystemCallError("write", destination.string)
      }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }
}
