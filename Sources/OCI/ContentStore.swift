internal import CLinux
import Glibc
package import SystemPackage

/// A content-addressed store of blobs that is an OCI image layout (image-spec, image-layout.md), so
/// that other tools read it in place.
///
/// Contract: a blob in the store has the digest of its name, or it is not in the store. Blobs are
/// written to `ingest/`, synced and renamed; many processes share a store safely.
package struct ContentStore: Sendable {
  /// The folder that holds `oci-layout`, `index.json` and `blobs`.
  package let root: FilePath

  /// Opens the layout at `root`, made where there is none. Throws `SystemCallError`.
  package init(root: FilePath) throws {
    self.root = root
    for folder in ["blobs/sha256", "ingest", "locks"] {
      try ContentStore.makeDirectories(root.appending(folder))
    }
    let marker = root.appending("oci-layout")
    if access(marker.string, F_OK) != 0 {
      try write([UInt8](#"{"imageLayoutVersion":"1.0.0"}"#.utf8), atomicallyTo: marker)
    }
    if access(indexPath.string, F_OK) != 0 {
      try updateIndex { _ in }
    }
  }

  /// Opens a layout that somebody else made, to read from it; nothing is made, and nil where there is
  /// none.
  package init?(readingFrom root: FilePath) {
    guard access(root.appending("oci-layout").string, F_OK) == 0 else { return nil }
    self.root = root
  }

  /// Where the blob of `digest` lies, whether it is there or not.
  package func path(of digest: Digest) -> FilePath {
    root.appending("blobs").appending("sha256").appending(digest.hex)
  }

  /// The size in bytes of a blob; nil where it is not in the store.
  package func size(of digest: Digest) -> Int64? {
    var status = stat()
    guard stat(path(of: digest).string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return Int64(status.st_size)
  }

  /// Whether the blob that `descriptor` points at is there, with the size it names.
  package func contains(_ descriptor: Descriptor) -> Bool {
    size(of: descriptor.digest) == descriptor.size
  }

  /// The bytes of a document, checked against size and digest.
  ///
  /// Throws `ContentError`; documents of more than 8 MiB are refused.
  package func read(_ descriptor: Descriptor) throws -> [UInt8] {
    guard let size = size(of: descriptor.digest) else {
      throw ContentError.missing(descriptor.digest)
    }
    guard size == descriptor.size else {
      throw ContentError.wrongSize(descriptor.digest, expected: descriptor.size, actual: size)
    }
    guard size <= ContentStore.documentLimit else {
      throw ContentError.tooLarge(descriptor.digest, size: size, limit: ContentStore.documentLimit)
    }
    let bytes = try SmallFile.read(
      path(of: descriptor.digest), limit: Int(ContentStore.documentLimit))
    let actual = Digest.sha256(of: bytes)
    guard actual == descriptor.digest else {
      throw ContentError.wrongDigest(expected: descriptor.digest, actual: actual)
    }
    return bytes
  }

  /// The largest manifest, index or configuration that is read: 8 MiB.
  package static let documentLimit: Int64 = 8 << 20

  /// Writes a document and returns what points at it. One that is there is not written again, unless it
  /// was spoilt.
  package func add(_ bytes: [UInt8], as mediaType: MediaType) throws -> Descriptor {
    let descriptor = Descriptor(of: bytes, as: mediaType)
    if contains(descriptor) {
      if (try? read(descriptor)) == bytes { return descriptor }
      remove(descriptor.digest)
    }
    var writer = try BlobWriter(store: self)
    try bytes.withUnsafeBytes { try writer.write($0) }
    _ = try writer.commit(expecting: descriptor.digest)
    return descriptor
  }

  /// Removes a blob; nothing happens where it is not there.
  package func remove(_ digest: Digest) {
    unlink(path(of: digest).string)
  }

  /// The digests of all blobs, in no order.
  package func blobs() throws -> [Digest] {
    let folder = root.appending("blobs").appending("sha256")
    guard let stream = opendir(folder.string) else { throw SystemCallError("list", folder.string) }
    defer { closedir(stream) }
    var digests: [Digest] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let digest = Digest(hex: name) { digests.append(digest) }
    }
    return digests
  }

  /// Removes the unfinished blobs of processes that were killed: those that nobody has open and that
  /// were last written more than a minute ago; what was being fetched is kept for a day, because it can
  /// be gone on with.
  package func removeAbandonedBlobs() throws {
    let folder = root.appending("ingest")
    guard let stream = opendir(folder.string) else { throw SystemCallError("list", folder.string) }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let path = folder.appending(name)
      let age = name.hasSuffix(ContentStore.partialSuffix) ? 86_400 : 60
      var status = stat()
      guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        time(nil) - status.st_mtim.tv_sec > age, let lock = try? FileLock(ifFree: path)
      else { continue }
      unlink(path.string)
      lock.release()
    }
  }

  // MARK: - The index of tagged images

  private var indexPath: FilePath { root.appending("index.json") }

  /// The images of the layout, as `index.json` lists them.
  package func index() throws -> ImageIndex {
    do {
      return try JSON.decode(
        ImageIndex.self, from: SmallFile.read(indexPath, limit: Int(ContentStore.documentLimit)))
    } catch let error as DecodingError {
      throw ContentError.malformedDocument(
        indexPath.string,
        DecodingProblem(error).description
          + "; hint: move it away: images lose their names, and nothing that was built is lost")
    }
  }

  /// Reads, changes and writes `index.json`, one process at a time; durable when it returns.
  package func updateIndex(_ change: (inout ImageIndex) throws -> Void) throws {
    let lock = try FileLock(root.appending("locks/index"), exclusive: true)
    defer { lock.release() }
    let exists = access(indexPath.string, F_OK) == 0
    var index = exists ? try self.index() : ImageIndex()
    let before = index
    try change(&index)
    if exists, index == before { return }
    try write(JSON.encode(index), atomicallyTo: indexPath)
  }

  private func write(_ bytes: [UInt8], atomicallyTo path: FilePath) throws {
    let temporary = temporaryPath()
    do {
      let file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL)
      try bytes.withUnsafeBytes { try file.write($0, path: temporary) }
      if fsync(file.rawValue) != 0 { throw SystemCallError("sync", temporary.string) }
      if rename(temporary.string, path.string) != 0 { throw SystemCallError("write", path.string) }
    } catch {
      unlink(temporary.string)
      throw error
    }
    try syncDirectory(root)
  }

  /// Where a blob lies that has arrived in part.
  func partialPath(of digest: Digest) -> FilePath {
    root.appending("ingest").appending(digest.hex + ContentStore.partialSuffix)
  }

  private static let partialSuffix = ".partial"

  func temporaryPath() -> FilePath {
    var generator = SystemRandomNumberGenerator()
    let name = String(generator.next() as UInt64, radix: 36) + "-" + String(getpid())
    return root.appending("ingest").appending(name)
  }

  func syncDirectory(_ path: FilePath) throws {
    let folder = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    if fsync(folder.rawValue) != 0 { throw SystemCallError("sync", path.string) }
  }

  /// Makes a directory and its missing parents, mode 0755 less the umask.
  package static func makeDirectories(_ path: FilePath) throws {
    if mkdir(path.string, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, !path.components.isEmpty else {
      throw SystemCallError("make", path.string)
    }
    try makeDirectories(path.removingLastComponent())
    if mkdir(path.string, 0o755) != 0, errno != EEXIST {
      throw SystemCallError("make", path.string)
    }
  }
}

/// What is wrong with content of the store.
package enum ContentError: Error, CustomStringConvertible {
  case missing(Digest)
  case wrongSize(Digest, expected: Int64, actual: Int64)
  case wrongDigest(expected: Digest, actual: Digest)
  case tooLarge(Digest, size: Int64, limit: Int64)
  /// Where the document came from, and what the decoder says.
  case malformedDocument(String, String)

  package var description: String {
    switch self {
    case .missing(let digest):
      "`\(digest)` is not in the store; hint: build, load or pull the image again"
    case .wrongSize(let digest, let expected, let actual):
      "`\(digest)` has \(actual) bytes where its descriptor says \(expected)"
    case .wrongDigest(let expected, let actual):
      "content that should have the digest `\(expected)` has `\(actual)`"
    case .tooLarge(let digest, let size, let limit):
      "`\(digest)` is a document of \(size) bytes; at most \(limit) are read"
    case .malformedDocument(let origin, let problem):
      "`\(origin)` is malformed: \(problem)"
    }
  }
}
