internal import CLinux
import Glibc
package import OCI
package import SystemPackage

/// The layers of this machine: immutable changesets, as directories, as blobs, or as both.
///
///     snapshots/<layer>/fs           overlayfs's format, ready to be mounted
///     snapshots/<layer>/fs-<stack>   the same, where it fits only one stack of lower layers
///     snapshots/<layer>/blob         the blob in the content store that is the layer
///     snapshots/<layer>/tar-index    what is where in it (``TarIndex``)
///     snapshots/<layer>/tar          its uncompressed tar, where it cannot be read from the middle
///     snapshots/<layer>/blobs/<key>  the blob of an encoding (``LayerEncoding``)
///     snapshots/<layer>/blobs/<key>.index  what is where in it, where that is not the layer's own blob
///     snapshots/<layer>/doubt        there until a layer of another machine has been looked at
///     snapshots/{tmp,trash,locks}    what is being made, what is to be deleted, and who is at it
///
/// Every file and directory comes to its place by a rename and never changes, so a killed process
/// leaves nothing half-made; many processes share a store. Stacks of layers are bottom first
/// everywhere, as an image's configuration lists them.
package struct LayerStore: Sendable {
  let layout: StoreLayout
  package let content: ContentStore
  package let limits: LayerLimits
  /// Where the blobs of adopted layers come from that are not in the content store.
  let supply: any BlobSupply

  /// Opens the store in the folder `root`, made where there is none. Throws `SystemCallError`.
  package init(
    root: FilePath, content: ContentStore, supply: any BlobSupply = NoBlobSupply(),
    limits: LayerLimits = .standard
  ) throws {
    layout = StoreLayout(root: root)
    self.content = content
    self.supply = supply
    self.limits = limits
    try layout.prepare()
  }

  /// Whether the layer is in the store, whole: what it was made as, or came as, is here or known to be
  /// elsewhere. A layer whose file was lost, to a broken disk or by hand, is none any more.
  package func contains(_ id: LayerID) -> Bool {
    let folder = layout.layer(id)
    guard folder.exists, let blob = try? primaryBlob(of: id) else {
      return isThere(folder.directory)
    }
    return content.contains(blob.descriptor) || supply.knows(blob.descriptor.digest)
  }

  /// Begins a layer as a directory.
  package func beginDirectory() throws -> PendingDirectoryLayer {
    try PendingDirectoryLayer(layout)
  }

  /// Begins a layer as a blob.
  package func beginBlob(encoding: LayerEncoding) throws -> PendingBlobLayer {
    try PendingBlobLayer(layout, content, encoding)
  }

  /// Takes over a layer of an image. Its blob is not touched, and need not be in the store yet; it
  /// stays the layer's blob whatever encoding is asked for, so that a base image's layers are the
  /// same bytes in every image built on it.
  ///
  /// Throws ``LayerError/notALayer(_:)``.
  package func adopt(descriptor: Descriptor, diffID: Digest) throws -> LayerID {
    guard descriptor.mediaType.isLayer else { throw LayerError.notALayer(descriptor.mediaType) }
    let id = LayerID.adopted(diffID: diffID, blob: descriptor.digest)
    let folder = layout.layer(id)
    if isThere(folder.blob) { return id }
    let blob = LayerBlob(
      diffID: diffID,
      descriptor: Descriptor(
        mediaType: descriptor.mediaType.ofImageSpecification, digest: descriptor.digest,
        size: descriptor.size))
    let workspace = try Workspace(layout)
    let made = LayerFolder(path: workspace.path.appending("layer"))
    try makeDirectory(made.path, mode: 0o755)
    try makeDirectory(made.encodings, mode: 0o755)
    try writeStoreFile(blob.encoded, to: made.blob)
    if rename(made.path.string, folder.path.string) == 0 { return id }
    // Somebody else was faster.
    if errno == EEXIST || errno == ENOTEMPTY { return id }
    throw SystemCallError("store", folder.path.string)
  }

  /// All layers of the store, in no order that means something.
  package func layers() throws -> [LayerID] {
    try names(in: layout.root).compactMap { LayerID($0) }
  }

  /// Takes a layer out of the store; deleting is left to `reapTrash`. Nothing may have it mounted.
  package func remove(_ id: LayerID) throws {
    try layout.discard(layout.layer(id).path)
    for addition in Addition.allCases { unlink(layout.lock(id, addition).string) }
  }

  /// The blobs without which layers of the store would be lost: a prune of the content store keeps
  /// them.
  package func retainedBlobs() throws -> Set<Digest> {
    Set(try layers().compactMap { try primaryBlob(of: $0)?.descriptor.digest })
  }

  /// Writes everything of the store's file system back to the disk, once a build.
  package func sync() throws {
    let root = try OwnedDescriptor(opening: layout.root, O_RDONLY | O_DIRECTORY)
    if slipway_syncfs(root.rawValue) != 0 { throw SystemCallError("sync", layout.root.string) }
  }

  /// The blob that the layer was made as or came as; nil where it was made as a directory.
  func primaryBlob(of id: LayerID) throws -> LayerBlob? {
    guard let bytes = try readStoreFile(layout.layer(id).blob) else { return nil }
    guard let blob = LayerBlob(encoded: bytes) else {
      throw LayerError.damaged(id, "its file `blob` cannot be read")
    }
    return blob
  }

  /// Begins to fetch the blobs of layers that are neither here nor made into something that does
  /// without: they will be needed one after the other.
  func beginFetching(_ stack: [LayerID]) throws {
    let missing = try stack.filter { !isThere(layout.layer($0).directory) }.compactMap {
      try primaryBlob(of: $0)?.descriptor
    }
    supply.begin(missing.filter { !content.contains($0) })
  }

  /// What is added to a layer after it was made. Each has a lock of its own, because making one may
  /// need another.
  enum Addition: String, CaseIterable {
    case directory, blob, index, tar
    /// Trust, in what another machine said of it.
    case trust
  }

  /// The lock for whoever adds something to a layer.
  func lock(_ id: LayerID, for addition: Addition) throws -> FileLock {
    try FileLock(layout.lock(id, addition), exclusive: true)
  }

  func folder(of id: LayerID) throws -> LayerFolder {
    let folder = layout.layer(id)
    guard folder.exists else { throw LayerError.missing(id) }
    return folder
  }
}

extension MediaType {
  /// The image specification's name for a layer of Docker's: images that we make are of one kind.
  fileprivate var ofImageSpecification: MediaType {
    switch self {
    case .dockerLayer: .layer
    case .dockerLayerGzip: .layerGzip
    default: self
    }
  }
}

/// The names in a directory.
func names(in path: FilePath) throws -> [String] {
  guard let directory = opendir(path.string) else { throw SystemCallError("read", path.string) }
  defer { closedir(directory) }
  var result: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { result.append(name) }
  }
  return result
}
