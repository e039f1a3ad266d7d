internal import Archive
internal import CLinux
import Glibc
internal import OCI
internal import Snapshots
import Synchronization
internal import SystemPackage

/// A file on its way into a layer of its own; nothing of it is left unless it is committed.
final class FetchedFile: Sendable {
  private let layer: ScratchLayer
  private let path: FilePath
  private let file: OwnedDescriptor
  private let progress = Mutex(Progress())

  private struct Progress {
    var hasher = SHA256Hasher()
    var size: Int64 = 0
  }

  /// - Parameter name: one name without a slash.
  init(named name: String, in layers: LayerStore) throws {
    let layer = try ScratchLayer(in: layers)
    do {
      path = layer.upper.appending(name)
      file = try OwnedDescriptor(opening: path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    } catch {
      layer.discard()
      throw error
    }
    self.layer = layer
  }

  /// In bytes.
  var size: Int64 { progress.withLock { $0.size } }
  var digest: Digest { progress.withLock { $0.hasher.finish() } }

  func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try append($0) }
  }

  func append(_ buffer: UnsafeRawBufferPointer) throws {
    try file.write(buffer, path: path)
    progress.withLock { progress in
      progress.hasher.update(buffer)
      progress.size += Int64(buffer.count)
    }
  }

  /// Forgets what has come so far.
  func restart() throws {
    guard ftruncate(file.rawValue, 0) == 0, lseek(file.rawValue, 0, SEEK_SET) == 0 else {
      throw SystemCallError("empty", path.string)
    }
    progress.withLock { $0 = Progress() }
  }

  /// What has come so far, from the beginning; of use as long as this file is.
  func contents() throws -> any ByteSource {
    guard lseek(file.rawValue, 0, SEEK_SET) == 0 else { throw SystemCallError("read", path.string) }
    return FileDescriptorSource(file.rawValue)
  }

  /// Makes the layer, with the file in it as it is in an image: root's, with mode 0600.
  func commit(modified time: FileTime) throws -> LayerID {
    let stamp = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
    guard fchmod(file.rawValue, 0o600) == 0, fchown(file.rawValue, 0, 0) == 0 || errno == EPERM,
      futimens(file.rawValue, [stamp, stamp]) == 0
    else { throw SystemCallError("finish", path.string) }
    return try layer.commit()
  }

  func discard() {
    layer.discard()
  }
}
