import Archive
import CLinux
import Glibc
import OCI
import SystemPackage

/// Writes the files of an image into a directory; what is there and not in the image stays.
///
/// No symbolic link is followed below the directory, neither one of the image nor one that was there:
/// each parent is opened with `openat2(2)` and `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS`, and everything
/// is done relative to it. What is in the way of a file is replaced by it. Owners, and extended
/// attributes other than `user.`, are for root to set; others get files of their own.
final class DirectoryFileSystemSink: FileSystemSink {
  private let path: FilePath
  private let root: OwnedDescriptor
  private let isRoot = geteuid() == 0
  private let progress: TransferProgress
  /// Their modes may forbid writing, and their times change with every file in them, so they get
  /// their metadata at the end.
  private var directories: [TarEntry] = []

  init(_ path: FilePath, progress: @escaping TransferProgress) throws {
    self.path = path
    self.progress = progress
    try ContentStore.makeDirectories(path)
    do {
      root = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
    } catch let error as SystemCallError where error.code == .notDirectory {
      throw ExportError.notADirectory(path)
    }
  }

  func add(_ entry: TarEntry, contents: TarReader?) throws {
    let place = try Place(of: entry.path, below: root, named: path)
    let metadata = entry.metadata
    switch metadata.kind {
    case .directory:
      try place.makeDirectory()
      directories.append(entry)
    case .regular:
      try addRegularFile(metadata, contents, at: place)
    case .symbolicLink:
      try place.clear()
      try withCString(metadata.linkTarget) { target in
        try place.check("link") { symlinkat(target, $0, $1) }
      }
      try finish(place, metadata)
    case .hardLink:
      let target = try Place(of: metadata.linkTarget, below: root, named: path)
      try place.clear()
      try place.check("link") { linkat(target.parent.rawValue, target.name, $0, $1, 0) }
    case .fifo:
      try place.clear()
      try place.check("make") { mkfifoat($0, $1, 0o600) }
      try finish(place, metadata)
    case .characterDevice, .blockDevice:
      guard isRoot else {
        throw ExportError.deviceNeedsRoot(String(decoding: entry.path, as: UTF8.self))
      }
      let type: mode_t = metadata.kind == .blockDevice ? S_IFBLK : S_IFCHR
      let device = slipway_makedev(metadata.deviceMajor, metadata.deviceMinor)
      try place.clear()
      try place.check("make") { mknodat($0, $1, type | 0o600, device) }
      try finish(place, metadata)
    }
  }

  func finish() throws {
    // What is in a directory before the directory itself.
    for entry in directories.reversed() {
      let place = try Place(of: entry.path, below: root, named: path)
      let directory = try place.open(O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      try apply(entry.metadata, to: directory, place)
    }
  }

  private func addRegularFile(
    _ metadata: FileMetadata, _ contents: TarReader?, at place: borrowing Place
  ) throws {
    let temporary = TemporaryName.make()
    let descriptor = slipway_openat(
      place.parent.rawValue, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    if descriptor < 0 { throw place.error("create") }
    let file = OwnedDescriptor(adopting: descriptor)
    do {
      try copy(contents, to: file, place)
      try apply(metadata, to: file, place)
      try place.clearDirectory()
      try place.check("write") { renameat(place.parent.rawValue, temporary, $0, $1) }
    } catch {
      unlinkat(place.parent.rawValue, temporary, 0)
      throw error
    }
  }

  private func copy(
    _ contents: TarReader?, to file: borrowing OwnedDescriptor, _ place: borrowing Place
  ) throws {
    let sink = CountingSink(FileDescriptorSink(file.rawValue), progress: progress)
    do {
      try contents?.copyContents(to: sink)
    } catch ArchiveError.system("write", let code) {
      throw SystemCallError("write", place.description, code: Errno(rawValue: code))
    }
  }

  /// The order matters: changing the owner clears the set-user-ID bit and the capabilities.
  private func apply(
    _ metadata: FileMetadata, to file: borrowing OwnedDescriptor, _ place: borrowing Place
  ) throws {
    if isRoot, fchown(file.rawValue, metadata.userID, metadata.groupID) != 0 {
      throw place.error("change the owner of")
    }
    if fchmod(file.rawValue, mode_t(metadata.permissions)) != 0 {
      throw place.error("change the mode of")
    }
    for attribute in metadata.extendedAttributes { try set(attribute, of: file, place) }
    var times = Self.times(metadata)
    if futimens(file.rawValue, &times) != 0 { throw place.error("change the times of") }
  }

  /// Attributes that the file system cannot keep, or that are not for this user, are left out, as
  /// `tar` and `cp` do.
  private func set(
    _ attribute: ExtendedAttribute, of file: borrowing OwnedDescriptor, _ place: borrowing Place
  ) throws {
    guard isRoot || attribute.name.starts(with: Array("user.".utf8)) else { return }
    try withCString(attribute.name) { name in
      let result = attribute.value.withUnsafeBytes {
        fsetxattr(file.rawValue, name, $0.baseAddress, $0.count, 0)
      }
      if result != 0, ![EOPNOTSUPP, EPERM, EINVAL].contains(errno) {
        throw place.error("set an extended attribute of")
      }
    }
  }

  /// Metadata of what cannot be opened.
  private func finish(_ place: borrowing Place, _ metadata: FileMetadata) throws {
    if isRoot {
      try place.check("change the owner of") {
        fchownat($0, $1, metadata.userID, metadata.groupID, AT_SYMLINK_NOFOLLOW)
      }
    }
    // Nobody else writes here, or `clear` could not have made sure that this is no symbolic link.
    if metadata.kind != .symbolicLink {
      try place.check("change the mode of") { fchmodat($0, $1, mode_t(metadata.permissions), 0) }
    }
    var times = Self.times(metadata)
    try place.check("change the times of") { utimensat($0, $1, &times, AT_SYMLINK_NOFOLLOW) }
  }

  private static func times(_ metadata: FileMetadata) -> [timespec] {
    let time = timespec(
      tv_sec: time_t(metadata.modificationTime.seconds),
      tv_nsec: Int(metadata.modificationTime.nanoseconds))
    return [time, time]
  }
}

/// Gives `body` bytes as C has them; from a NUL on they are lost.
func withCString<Result>(
  _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Result
) rethrows -> Result {
  try (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("a buffer of at least a NUL") }
    return try body(base)
  }
}
