internal import CLinux
import Glibc
import OCI
import SystemPackage

/// A folder for something that is being made, on the file system of the store.
///
/// Its lock is held as long as its process lives, so that whoever cleans up after killed processes
/// takes nothing from the living, in whatever PID namespace they are:
///
///     tmp/<random>/lock    held with flock(2)
///     tmp/<random>/…       what is being made; renamed away when it is done
///
/// What is left in it when it ends goes to the trash.
struct Workspace: ~Copyable {
  let path: FilePath
  private let layout: StoreLayout
  private let lock: FileLock

  init(_ layout: StoreLayout) throws {
    self.layout = layout
    path = layout.temporary.appending(randomName())
    // Shared by all who begin; a cleaner takes it alone and never sees a folder without its lock.
    let beginning = try FileLock(layout.lock("tmp"), exclusive: false)
    defer { beginning.release() }
    try makeDirectory(path, mode: 0o700)
    do {
      lock = try FileLock(path.appending(Self.lockName), exclusive: true)
    } catch {
      rmdir(path.string)
      throw error
    }
  }

  deinit {
    // Nearly always all that is left.
    unlink(path.appending(Self.lockName).string)
    if rmdir(path.string) != 0 { try? layout.discard(path) }
    lock.release()
  }

  static let lockName = "lock"
}

/// Where things are in the store's folder.
struct StoreLayout: Sendable {
  let root: FilePath

  var temporary: FilePath { root.appending("tmp") }
  var trash: FilePath { root.appending("trash") }
  /// An empty directory: the lowest of a stack of no layers.
  var empty: FilePath { root.appending("empty") }

  func lock(_ name: String) -> FilePath { root.appending("locks").appending(name) }
  func lock(_ id: LayerID, _ addition: LayerStore.Addition) -> FilePath {
    lock("\(id).\(addition.rawValue)")
  }
  func layer(_ id: LayerID) -> LayerFolder { LayerFolder(path: root.appending(id.rawValue)) }

  /// Makes what is not there yet.
  func prepare() throws {
    for path in [root.removingLastComponent(), root] { try makeDirectory(path, mode: 0o755) }
    for path in [temporary, trash] { try makeDirectory(path, mode: 0o700) }
    for path in [root.appending("locks"), empty] { try makeDirectory(path, mode: 0o755) }
  }

  /// Moves something into the trash; nothing happens where it is not there.
  func discard(_ path: FilePath) throws {
    if rename(path.string, trash.appending(randomName()).string) == 0 || errno == ENOENT { return }
    throw SystemCallError("remove", path.string)
  }
}

/// The folder of a layer.
struct LayerFolder {
  let path: FilePath

  /// The layer as a directory, for whatever layers below it.
  var directory: FilePath { path.appending("fs") }
  /// The blob that the layer was made as or came as; none where it was made as a directory.
  var blob: FilePath { path.appending("blob") }
  var index: FilePath { path.appending("tar-index") }
  /// The uncompressed tar, of a blob that cannot be read from the middle.
  var tar: FilePath { path.appending("tar") }
  var encodings: FilePath { path.appending("blobs") }
  /// There as long as nobody has looked whether what another machine said of the layer is true.
  var doubt: FilePath { path.appending("doubt") }

  /// The layer as a directory that fits only the layers below it.
  func directory(above lower: [LayerID]) -> FilePath {
    let stack = lower.map(\.rawValue).joined(separator: "\n")
    return path.appending("fs-" + Digest.sha256(of: Array(stack.utf8)).hex.prefix(16))
  }

  func encoding(_ key: String) -> FilePath { encodings.appending(key) }
  func index(ofEncoding key: String) -> FilePath { encodings.appending(key + ".index") }

  var exists: Bool { isThere(path) }
}

/// Makes a directory where there is none.
func makeDirectory(_ path: FilePath, mode: mode_t) throws {
  if mkdir(path.string, mode) != 0, errno != EEXIST { throw SystemCallError("make", path.string) }
}

func isThere(_ path: FilePath) -> Bool {
  access(path.string, F_OK) == 0
}

/// Opens a file of the store; nil where there is none.
func openIfThere(_ path: FilePath, _ flags: Int32) throws -> OwnedDescriptor? {
  do {
    return try OwnedDescriptor(opening: path, flags)
  } catch let error as SystemCallError where error.code == .noSuchFileOrDirectory {
    return nil
  }
}

/// All of a file of the store; nil where there is none.
func readStoreFile(_ path: FilePath) throws -> [UInt8]? {
  guard let file = try openIfThere(path, O_RDONLY) else { return nil }
  var status = stat()
  if fstat(file.rawValue, &status) != 0 { throw SystemCallError("stat", path.string) }
  return try [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
    while count < buffer.count {
      let result = read(file.rawValue, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      if result < 0, errno == EINTR { continue }
      if result < 0 { throw SystemCallError("read", path.string) }
      if result == 0 { return }
      count += result
    }
  }
}

/// Writes a new file.
func writeStoreFile(_ bytes: [UInt8], to path: FilePath) throws {
  let file = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
  try bytes.withUnsafeBytes { try file.write($0, path: path) }
}
