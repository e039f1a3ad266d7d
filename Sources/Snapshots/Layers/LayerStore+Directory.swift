internal import Archive
import Glibc
import OCI
import Synchronization
package import SystemPackage

extension LayerStore {
  /// The layer as a directory in overlayfs's format; unpacked where it is only a blob.
  ///
  /// `lower` are the layers below. What is unpacked is checked against the layer's diffID, and is in
  /// the store only when it is right. One process unpacks, others wait. Throws ``LayerError``, and
  /// `ContentError.missing` where the blob was not fetched.
  package func directory(of id: LayerID, above lower: [LayerID]) throws -> FilePath {
    let folder = try folder(of: id)
    if let ready = readyDirectory(folder, above: lower) { return ready }
    let lock = try lock(id, for: .directory)
    defer { lock.release() }
    if let ready = readyDirectory(folder, above: lower) { return ready }
    return try unpack(id, folder, above: lower)
  }

  /// What overlayfs wants as `lowerdir`: the layers as directories, topmost first and none twice, and
  /// an empty directory where there is no layer.
  package func lowerDirectories(of stack: [LayerID]) throws -> [FilePath] {
    if stack.isEmpty { return [layout.empty] }
    try beginFetching(stack)
    let directories = try concurrently(stack.indices) {
      try directory(of: stack[$0], above: Array(stack[..<$0]))
    }
    // The kernel refuses a directory that is given twice (ELOOP). Where a layer comes again, as empty
    // ones do, its upper place decides: it hides or repeats all that the lower one has.
    var seen: Set<FilePath> = []
    return directories.reversed().filter { seen.insert($0).inserted }
  }

  func readyDirectory(_ folder: LayerFolder, above lower: [LayerID]) -> FilePath? {
    if isThere(folder.directory) { return folder.directory }
    let fitting = folder.directory(above: lower)
    return isThere(fitting) ? fitting : nil
  }

  private func unpack(
    _ id: LayerID, _ folder: LayerFolder, above lower: [LayerID]
  ) throws -> FilePath {
    guard let blob = try primaryBlob(of: id) else {
      throw LayerError.damaged(id, "it is neither a directory nor a blob")
    }
    try examine(id)
    return try readingAsItArrives(blob) { try unpack(blob, of: id, folder, above: lower) }
  }

  private func unpack(
    _ blob: LayerBlob, of id: LayerID, _ folder: LayerFolder, above lower: [LayerID]
  ) throws -> FilePath {
    let workspace = try Workspace(layout)
    let target = workspace.path.appending("fs")
    try makeDirectory(target, mode: 0o755)
    if chmod(target.string, 0o755) != 0 {
      throw SystemCallError("change the mode of", target.string)
    }
    let sink = try DirectoryLayerSink(target, trash: layout.trash, lower: lowerTree(lower))
    _ = try read(blob, into: try truthful(sink, of: id, folder))
    try sink.finish()
    let place = sink.dependsOnLower ? folder.directory(above: lower) : folder.directory
    if rename(target.string, place.string) != 0 { throw SystemCallError("store", place.string) }
    return place
  }

  /// Times that were clamped in a blob of ours are whole in its index.
  private func truthful(
    _ sink: DirectoryLayerSink, of id: LayerID, _ folder: LayerFolder
  ) throws -> any LayerReceiver {
    guard !id.isAdopted, let index = try index(of: id, folder) else { return sink }
    return TruthfulReceiver(sink, index)
  }

  /// Reads the tar of a blob, checked against its diffID, and returns its size.
  func read(_ blob: LayerBlob, into receiver: any LayerReceiver) throws -> Int64 {
    let tar = DigestSource(try bounded(source(of: blob), blob))
    let size = try LayerTarReader(limits: limits).read(tar, into: receiver)
    try verify(tar.finish(), of: blob)
    return size
  }

  /// The bytes of a blob: from the content store, or as they arrive.
  func source(of blob: LayerBlob) throws -> any ByteSource {
    if content.contains(blob.descriptor) {
      return BlobFileSource(try BlobFile(content, blob.descriptor))
    }
    return ArrivingBlobSource(try supply.open(blob.descriptor))
  }

  /// Reads a blob that may be still arriving, and waits until it is in the store.
  ///
  /// What arrives is verified only at its end. Where it was damaged, and came again, it is read again.
  func readingAsItArrives<Result>(_ blob: LayerBlob, _ body: () throws -> Result) throws -> Result {
    if content.contains(blob.descriptor) { return try body() }
    do {
      let result = try body()
      try supply.require(blob.descriptor)
      return result
    } catch {
      guard (try? supply.require(blob.descriptor)) != nil else { throw error }
      return try body()
    }
  }

  /// The uncompressed tar, which may not grow beyond all measure.
  func bounded(_ source: any ByteSource, _ blob: LayerBlob) throws -> LimitedSource {
    LimitedSource(
      try CompressionFormat.decompressing(source).contents,
      compressedSize: blob.descriptor.size, ratio: limits.unpackedRatio,
      floor: limits.unpackedFloor)
  }

  func verify(_ actual: Digest, of blob: LayerBlob) throws {
    guard actual == blob.diffID else {
      throw LayerError.wrongDiffID(expected: blob.diffID, actual: actual)
    }
  }
}

/// Does something for each index, on as many threads as there are processors; the results are in order.
private func concurrently<Result: Sendable>(
  _ indices: Range<Int>, _ body: @escaping @Sendable (Int) throws -> Result
) throws -> [Result] {
  if indices.count == 1 { return [try body(indices.lowerBound)] }
  let results = Results<Result>()
  BlockingWork.concurrently(indices.count) { number in
    let index = indices.lowerBound + number
    results.set(index, Swift.Result { try body(index) })
  }
  return try indices.compactMap { try results[$0]?.get() }
}

/// What came of each index.
private final class Results<Value: Sendable>: Sendable {
  private let results = Mutex<[Int: Result<Value, any Error>]>([:])

  subscript(index: Int) -> Result<Value, any Error>? { results.withLock { $0[index] } }

  func set(_ index: Int, _ result: Result<Value, any Error>) {
    results.withLock { $0[index] = result }
  }
}

/// Reads a blob of the content store from its beginning.
private final class BlobFileSource: ByteSource {
  private let file: BlobFile
  private var offset: Int64 = 0

  init(_ file: BlobFile) {
    self.file = file
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try file.read(buffer, offset)
    offset += Int64(count)
    return count
  }
}

/// Reads a blob while it arrives.
private final class ArrivingBlobSource: ByteSource {
  private let blob: PartialBlob
  private var offset: Int64 = 0

  init(_ blob: PartialBlob) {
    self.blob = blob
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try blob.read(buffer, at: offset)
    offset += Int64(count)
    return count
  }
}

/// A blob of the content store, open.
final class BlobFile: Sendable {
  let descriptor: OwnedDescriptor

  /// Throws `ContentError` for a blob that is not there, or not as long as it should be.
  init(_ content: ContentStore, _ descriptor: Descriptor) throws {
    guard let size = content.size(of: descriptor.digest) else {
      throw ContentError.missing(descriptor.digest)
    }
    guard size == descriptor.size else {
      throw ContentError.wrongSize(descriptor.digest, expected: descriptor.size, actual: size)
    }
    self.descriptor = try OwnedDescriptor(
      opening: content.path(of: descriptor.digest), O_RDONLY)
  }

  init(_ path: FilePath) throws {
    descriptor = try OwnedDescriptor(opening: path, O_RDONLY)
  }

  /// `pread(2)`.
  func read(_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int64) throws -> Int {
    while true {
      let count = pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      if errno != EINTR { throw SystemCallError("read", "a blob") }
    }
  }
}
