package import Archive
internal import CLinux
import Glibc
package import OCI
import Synchronization
package import SystemPackage

/// Remembers the digests of files by what `stat(2)` says of them, so that a build context that did
/// not change is not read again.
///
/// It never lies: an entry is kept only where a later write must show in the file's ctime, which
/// nobody can set. That is so once the ctime is older than the grain of the clock at the moment the
/// reading began; what is younger is "racy", as git calls it, and read again next time. (As for git,
/// a writer through a memory map that was made before is seen only when the kernel writes back.)
///
/// It may be used by several threads. Several processes may use one file: the last to save wins, and
/// what the other learnt is learnt again.
package final class StatCache: Sendable {
  private struct Key: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  /// The grain of time stamps: a kernel tick is at most 10 ms, and this is twice that.
  private static let fineGrain: Int64 = 20_000_000
  /// For file systems that keep whole seconds, the coarsest of them two at a time.
  private static let coarseGrain: Int64 = 2_000_000_000

  private let path: FilePath
  private let stored: StatCacheFile
  /// Which entries of the file were asked for.
  private let touched: AtomicFlags
  /// What was learnt, by device and inode.
  private let fresh = Mutex<[Key: StatCacheFile.Entry]>([:])

  /// Reads the cache at `file`. One that is missing, damaged or of another version is as good as
  /// empty.
  package init(loading file: FilePath) {
    path = file
    stored = StatCache.read(file).flatMap(StatCacheFile.init) ?? StatCacheFile()
    touched = AtomicFlags(count: stored.count)
  }

  /// Where the cache for a directory lies in Slipway's home: `contexts/` and the digest of its path.
  package static func file(forRoot root: FilePath, home: FilePath) -> FilePath {
    home.appending("contexts").appending(Digest.sha256(of: TreePath(root).bytes).hex)
  }

  /// The digest of a file in exactly this state, if it is known.
  package func digest(for stamp: FileStamp) -> Digest? {
    if let found = stored.digest(for: stamp) {
      touched.set(found.position)
      return found.digest
    }
    let key = Key(device: stamp.device, inode: stamp.inode)
    let entry = fresh.withLock { $0[key] }
    return entry.flatMap { $0.stamp == stamp ? $0.digest : nil }
  }

  /// Whether a file in exactly this state is known to have no extended attributes that are shown: a
  /// change of them is a change of the ctime, too.
  func isPlain(_ stamp: FileStamp) -> Bool {
    stored.isPlain(stamp)
  }

  /// Remembers a digest, unless the file may yet change without its stamp showing it.
  ///
  /// `isPlain` says that it has no extended attributes; `start` is when the reading began, and the
  /// stamp was the same when it had ended.
  package func record(
    _ digest: Digest, for stamp: FileStamp, isPlain: Bool = false, readFrom start: FileTime
  ) {
    guard !StatCache.isRacy(stamp, at: start) else { return }
    let key = Key(device: stamp.device, inode: stamp.inode)
    fresh.withLock {
      $0[key] = StatCacheFile.Entry(stamp: stamp, digest: digest, isPlain: isPlain)
    }
  }

  /// Writes the cache back, atomically; does nothing where nothing was learnt.
  package func save() throws {
    let fresh = fresh.withLock { $0 }
    guard !fresh.isEmpty else { return }
    let bytes = StatCacheFile.encode(merged(with: fresh))
    guard bytes.count <= StatCacheFile.limit else { return }
    try StatCache.write(bytes, to: path)
  }

  /// Whether a write after `moment` could leave the stamp as it is.
  static func isRacy(_ stamp: FileStamp, at moment: FileTime) -> Bool {
    let keepsWholeSeconds =
      stamp.modificationTime.nanoseconds == 0 && stamp.changeTime.nanoseconds == 0
    let grain = keepsWholeSeconds ? coarseGrain : fineGrain
    let latest = max(stamp.modificationTime, stamp.changeTime)
    return latest.adding(nanoseconds: grain) >= moment
  }

  /// Entries that nobody asked for stay as long as they are not most of the file: another build of
  /// the same directory may look at other files.
  private func merged(with fresh: [Key: StatCacheFile.Entry]) -> [StatCacheFile.Entry] {
    let used = (0..<stored.count).count { touched[$0] }
    let keepsUntouched = stored.count <= 2 * (used + fresh.count) + 10_000
    var entries = Array(fresh.values)
    for position in 0..<stored.count where keepsUntouched || touched[position] {
      guard let entry = stored.entry(at: position) else { continue }
      let key = Key(device: entry.stamp.device, inode: entry.stamp.inode)
      if fresh[key] == nil { entries.append(entry) }
    }
    return entries.sorted {
      ($0.stamp.device, $0.stamp.inode) < ($1.stamp.device, $1.stamp.inode)
    }
  }

  private static func read(_ path: FilePath) -> [UInt8]? {
    guard let file = try? OwnedDescriptor(opening: path, O_RDONLY) else { return nil }
    var status = stat()
    guard fstat(file.rawValue, &status) == 0, status.isRegular,
      status.st_size <= StatCacheFile.limit
    else { return nil }
    let size = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = 0
      while count < size, let base = buffer.baseAddress {
        let length = Glibc.read(file.rawValue, base + count, size - count)
        if length < 0 && errno == EINTR { continue }
        if length <= 0 { break }
        count += length
      }
    }
    return bytes
  }

  /// No `fsync`: a file that a crash left damaged fails its checksum and is learnt anew.
  private static func write(_ bytes: [UInt8], to path: FilePath) throws {
    let directory = path.removingLastComponent()
    if mkdir(directory.string, 0o700) != 0 && errno != EEXIST {
      throw SystemCallError("create", directory.string)
    }
    let random = UInt64.random(in: .min ... .max)
    let temporary = FilePath("\(path).\(String(random, radix: 36))")
    do {
      let file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      try bytes.withUnsafeBytes { try file.write($0, path: temporary) }
      if rename(temporary.string, path.string) != 0 { throw SystemCallError("rename", path.string) }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }
}

extension FileTime {
  fileprivate func adding(nanoseconds more: Int64) -> FileTime {
    let sum = Int64(nanoseconds) + more
    let (result, overflow) = seconds.addingReportingOverflow(sum / 1_000_000_000)
    return FileTime(
      seconds: overflow ? .max : result, nanoseconds: Int32(sum % 1_000_000_000))
  }
}

extension TreePath {
  /// The bytes of an absolute path of the machine.
  init(_ path: FilePath) {
    let bytes = path.withPlatformString {
      [UInt8](UnsafeRawBufferPointer(start: $0, count: strlen($0)))
    }
    self.init(cleaning: bytes)
  }
}
