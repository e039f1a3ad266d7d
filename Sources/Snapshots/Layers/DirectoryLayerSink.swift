package import Archive
internal import CLinux
import Glibc
import OCI
import SystemPackage

/// `O_PATH`: the same on all of Linux; Swift's Glibc module leaves it out.
private let openPath: Int32 = 0o10000000

/// Writes a layer's files into a directory of overlayfs's format.
///
/// The files may be an attacker's; nothing is ever reached through a symbolic link, a parent that is
/// not a directory is an error, and the owner, attributes and mode are set in an order in which none
/// undoes another. A parent that was not given is like the lower layers' directory of that path, or
/// where their symbolic link of that path leads, else root's with mode 0755. Not thread-safe.
package final class DirectoryLayerSink: LayerSink {
  /// A directory of the layer that is held open.
  private final class OpenDirectory {
    let path: TreePath
    let descriptor: OwnedDescriptor

    init(_ path: TreePath, _ descriptor: consuming OwnedDescriptor) {
      self.path = path
      self.descriptor = descriptor
    }

    var fd: Int32 { descriptor.rawValue }
  }

  private static let bufferSize = 256 << 10
  private static let opaqueAttribute = "user.overlay.opaque"

  private let root: OpenDirectory
  private let rootPath: FilePath
  private let trash: FilePath
  private let lower: LowerTree
  private let buffer: UnsafeMutableRawBufferPointer
  /// Where the last entry went: most have the same parent as the one before.
  private var lastParent: OpenDirectory?
  /// Entries change their directory's time, so it is set when all are there.
  private var directoryTimes: [(path: TreePath, time: FileTime)] = []

  /// Whether something was taken from the layers below, so that the directory fits only them.
  private(set) var dependsOnLower = false
  /// How many device nodes are missing because the kernel lets nobody in a user namespace make one.
  package private(set) var skippedDeviceCount = 0

  /// What is replaced with all that is in it goes to `trash`, on the same file system.
  init(_ root: FilePath, trash: FilePath, lower: LowerTree) throws {
    self.root = OpenDirectory(
      .root, try OwnedDescriptor(opening: root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
    self.rootPath = root
    self.trash = trash
    self.lower = lower
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 4096)
  }

  deinit {
    buffer.deallocate()
  }

  package func add(
    _ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?
  ) throws {
    let metadata = metadata.layerMetadata
    if path.isRoot {
      guard metadata.kind == .directory else {
        throw LayerError.refused(path, .rootNotDirectory)
      }
      return try describe(directory: root, metadata)
    }
    try path.checkName()
    let parent = try parent(of: path)
    try withCString(path.name) { name in
      switch metadata.kind {
      case .directory: try addDirectory(parent, name, path, metadata)
      case .regular: try addRegular(parent, name, path, metadata, contents)
      case .hardLink: try addHardLink(parent, name, path, TreePath(canonical: metadata.linkTarget))
      case .symbolicLink, .characterDevice, .blockDevice, .fifo:
        try addSpecial(parent, name, path, metadata)
      }
    }
  }

  package func addWhiteout(_ path: TreePath) throws {
    try path.checkName()
    let parent = try parent(of: path)
    try withCString(path.name) { name in
      _ = try create(parent, name, path, "make the whiteout") {
        slipway_make_whiteout(parent.fd, name)
      }
    }
  }

  /// Sets the times of the directories: the last thing to do.
  package func finish() throws {
    for (path, time) in directoryTimes {
      let directory = try open(path, O_RDONLY | O_DIRECTORY)
      // Something else took its place meanwhile: then this is about a file that is no more.
      guard let directory else { continue }
      try setTime(directory.rawValue, path, time)
    }
    directoryTimes = []
  }
}

extension DirectoryLayerSink: LayerReceiver {
  func add(
    _ path: TreePath, _ metadata: FileMetadata, contents: (any ByteSource)?, offset: Int64
  ) throws {
    try add(path, metadata, contents: contents)
  }

  func hide(_ path: TreePath) throws {
    let parent = try parent(of: path)
    try withCString(path.name) { name in
      if slipway_make_whiteout(parent.fd, name) == 0 { return }
      guard errno == EEXIST else { throw failure("make the whiteout", path) }
      guard try isDirectory(status(parent, name, path)) else { return }
      try markOpaque(parent, name, path)
    }
  }

  func makeOpaque(_ path: TreePath) throws {
    // An overlay does not look for the mark at the root of a layer.
    if path.isRoot { return try hideAllOfRoot() }
    let directory = try directory(at: path, for: path)
    try withCString([UInt8(ascii: ".")]) { try markOpaque(directory, $0, path) }
  }

  private func hideAllOfRoot() throws {
    dependsOnLower = true
    for child in try lower.tree().children(of: .root) {
      try hide(TreePath.root.appending(child.name))
    }
  }
}

// MARK: - One kind of file each

extension DirectoryLayerSink {
  private func addDirectory(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath,
    _ metadata: FileMetadata
  ) throws {
    var replacesFile = false
    if mkdirat(parent.fd, name, 0o700) != 0 {
      guard errno == EEXIST else { throw failure("make", path) }
      if try !isDirectory(status(parent, name, path)) {
        replacesFile = true
        try remove(parent, name, path)
        if mkdirat(parent.fd, name, 0o700) != 0 { throw failure("make", path) }
      }
    }
    let opened = slipway_openat(parent.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
    if opened < 0 { throw failure("open", path) }
    let directory = OpenDirectory(path, OwnedDescriptor(adopting: opened))
    // What was hidden by a file or a whiteout stays hidden.
    if replacesFile { try setAttribute(directory.fd, Self.opaqueAttribute, Array("y".utf8), path) }
    try describe(directory: directory, metadata)
  }

  private func describe(directory: OpenDirectory, _ metadata: FileMetadata) throws {
    try describe(directory.fd, directory.path, metadata)
    directoryTimes.append((directory.path, metadata.modificationTime))
  }

  private func addRegular(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath,
    _ metadata: FileMetadata, _ contents: (any ByteSource)?
  ) throws {
    let opened = try create(parent, name, path, "create") {
      slipway_openat(parent.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    }
    let file = OwnedDescriptor(adopting: opened)
    var total: Int64 = 0
    while let contents, case let count = try contents.read(into: buffer), count > 0 {
      total += Int64(count)
      if total > metadata.size { break }
      try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), path: location(of: path))
    }
    guard total == metadata.size else {
      throw ArchiveError.sizeMismatch(path: path.bytes, expected: metadata.size, actual: total)
    }
    try describe(file.rawValue, path, metadata)
    try setTime(file.rawValue, path, metadata.modificationTime)
  }

  private func addSpecial(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath,
    _ metadata: FileMetadata
  ) throws {
    do {
      _ = try create(parent, name, path, "create") {
        make(special: metadata, parent.fd, name)
      }
    } catch let error as SystemCallError where error.code == .notPermitted && metadata.isDevice {
      skippedDeviceCount += 1
      return
    }
    let flags = AT_SYMLINK_NOFOLLOW
    if fchownat(parent.fd, name, metadata.userID, metadata.groupID, flags) != 0 {
      throw failure("change the owner of", path)
    }
    for attribute in metadata.extendedAttributes {
      try setAttribute(ofEntry: name, in: parent, attribute, path)
    }
    // There is no mode of a symbolic link, and `fchmodat` would follow it.
    if metadata.kind != .symbolicLink,
      fchmodat(parent.fd, name, mode_t(metadata.permissions & 0o7777), 0) != 0
    {
      throw failure("change the mode of", path)
    }
    var times = timespecs(metadata.modificationTime)
    if utimensat(parent.fd, name, &times, flags) != 0 { throw failure("set the time of", path) }
  }

  private func make(
    special metadata: FileMetadata, _ parent: Int32, _ name: UnsafePointer<CChar>
  ) -> Int32 {
    let device = slipway_makedev(metadata.deviceMajor, metadata.deviceMinor)
    switch metadata.kind {
    case .symbolicLink: return withCString(metadata.linkTarget) { symlinkat($0, parent, name) }
    case .characterDevice: return mknodat(parent, name, S_IFCHR | 0o600, device)
    case .blockDevice: return mknodat(parent, name, S_IFBLK | 0o600, device)
    default: return mkfifoat(parent, name, 0o600)
    }
  }

  private func addHardLink(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath, _ target: TreePath
  ) throws {
    if target.isRoot { throw LayerError.refused(path, .linkToDirectory(target)) }
    let directory = try directory(at: target.parent, for: path)
    let target = directory.path.appending(target.name)
    if target == parent.path.appending(path.name) {
      throw LayerError.refused(path, .missingLinkTarget(target))
    }
    if try !hasFile(at: target, linkedBy: path) { try copyUp(target, for: path) }
    try withCString(target.name) { targetName in
      _ = try create(parent, name, path, "link") {
        linkat(directory.fd, targetName, parent.fd, name, 0)
      }
    }
  }

  /// Whether the layer has something that a hard link can name.
  private func hasFile(at target: TreePath, linkedBy path: TreePath) throws -> Bool {
    guard let file = try open(target, openPath | O_NOFOLLOW) else { return false }
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else { throw failure("stat", target) }
    if isDirectory(status) { throw LayerError.refused(path, .linkToDirectory(target)) }
    // A second name for a whiteout would be a second whiteout.
    if isWhiteout(status) { throw LayerError.refused(path, .missingLinkTarget(target)) }
    return true
  }

  /// A hard link to a lower layer's file needs that file in this layer, as in an overlay.
  private func copyUp(_ target: TreePath, for path: TreePath) throws {
    dependsOnLower = true
    let tree = try lower.tree()
    guard let node = try tree.node(at: target) else {
      throw LayerError.refused(path, .missingLinkTarget(target))
    }
    if node.isDirectory { throw LayerError.refused(path, .linkToDirectory(target)) }
    let hasContents = node.metadata.kind == .regular && node.metadata.size > 0
    try add(target, node.metadata, contents: hasContents ? tree.open(target) : nil)
  }
}

// MARK: - Metadata

extension DirectoryLayerSink {
  /// Sets owner, attributes and mode of an open file, in this order: a change of owner takes
  /// set-user-ID bits and capabilities away.
  private func describe(_ file: Int32, _ path: TreePath, _ metadata: FileMetadata) throws {
    if fchown(file, metadata.userID, metadata.groupID) != 0 {
      throw failure("change the owner of", path)
    }
    for attribute in metadata.extendedAttributes {
      try setAttribute(
        file, String(decoding: attribute.name, as: UTF8.self), attribute.value, path)
    }
    if fchmod(file, mode_t(metadata.permissions & 0o7777)) != 0 {
      throw failure("change the mode of", path)
    }
  }

  private func setTime(_ file: Int32, _ path: TreePath, _ time: FileTime) throws {
    var times = timespecs(time)
    if futimens(file, &times) != 0 { throw failure("set the time of", path) }
  }

  /// Access and modification time; nobody reads the first.
  private func timespecs(_ time: FileTime) -> [timespec] {
    let value = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
    return [value, value]
  }

  private func setAttribute(
    _ file: Int32, _ name: String, _ value: [UInt8], _ path: TreePath
  ) throws {
    if fsetxattr(file, name, value, value.count, 0) != 0 {
      try tolerate(errno, attribute: name, path)
    }
  }

  /// The way through `/proc` names the open directory itself; there is no `setxattrat` on the kernels
  /// of today's distributions.
  private func setAttribute(
    ofEntry name: UnsafePointer<CChar>, in parent: OpenDirectory, _ attribute: ExtendedAttribute,
    _ path: TreePath
  ) throws {
    let attributeName = String(decoding: attribute.name, as: UTF8.self)
    var location = Array("/proc/self/fd/\(parent.fd)/".utf8CString.dropLast())
    location.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name) + 1))
    if lsetxattr(location, attributeName, attribute.value, attribute.value.count, 0) != 0 {
      try tolerate(errno, attribute: attributeName, path)
    }
  }

  /// Not every file system, and not every kind of file, has users' attributes; an image unpacks all
  /// the same. A capability that is missing would be a program that fails later.
  private func tolerate(_ code: Int32, attribute name: String, _ path: TreePath) throws {
    let isOurs = name == Self.opaqueAttribute || name == "security.capability"
    if !isOurs, code == ENOTSUP || code == EPERM { return }
    throw SystemCallError(
      "set the attribute `\(name)` of", location(of: path).string, code: Errno(rawValue: code))
  }

  private func markOpaque(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath
  ) throws {
    let opened = slipway_openat(parent.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
    if opened < 0 { throw failure("open", path) }
    let directory = OwnedDescriptor(adopting: opened)
    try setAttribute(directory.rawValue, Self.opaqueAttribute, Array("y".utf8), path)
  }
}

// MARK: - Finding the place

extension DirectoryLayerSink {
  private func parent(of path: TreePath) throws -> OpenDirectory {
    let parentPath = path.parent
    if let lastParent, lastParent.path == parentPath { return lastParent }
    let parent = try directory(at: parentPath, for: path)
    lastParent = parent
    return parent
  }

  /// A directory of the layer, made where there is none. `path` is what it is needed for.
  private func directory(at directory: TreePath, for path: TreePath) throws -> OpenDirectory {
    if directory.isRoot { return root }
    if let opened = try open(directory, openPath | O_DIRECTORY) {
      return OpenDirectory(directory, opened)
    }
    let parent = try self.directory(at: directory.parent, for: path)
    if try !hasEntry(directory.name, parent),
      let linked = try lower.directory(behindLinkAt: parent.path.appending(directory.name))
    {
      // As everywhere, nothing takes the place of a link but an entry that says so.
      dependsOnLower = true
      return try self.directory(at: linked, for: path)
    }
    let directory = parent.path.appending(directory.name)
    if let opened = try open(directory, openPath | O_DIRECTORY) {
      return OpenDirectory(directory, opened)
    }
    return try withCString(directory.name) { name in
      var status = stat()
      let exists = fstatat(parent.fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      if !exists, errno != ENOENT { throw failure("stat", directory) }
      if exists, !isWhiteout(status) { throw LayerError.refused(path, .belowNonDirectory) }
      dependsOnLower = true
      try addDirectory(parent, name, directory, lower.implicitDirectory(at: directory))
      let opened = slipway_openat(parent.fd, name, openPath | O_DIRECTORY | O_NOFOLLOW, 0)
      if opened < 0 { throw failure("open", directory) }
      return OpenDirectory(directory, OwnedDescriptor(adopting: opened))
    }
  }

  private func hasEntry(_ name: ArraySlice<UInt8>, _ directory: OpenDirectory) throws -> Bool {
    var status = stat()
    let result = withCString(name) { fstatat(directory.fd, $0, &status, AT_SYMLINK_NOFOLLOW) }
    if result == 0 { return true }
    if errno != ENOENT { throw failure("stat", directory.path.appending(name)) }
    return false
  }

  /// Opens what the layer has at a path, through no symbolic link; nil where it has nothing.
  private func open(_ path: TreePath, _ flags: Int32) throws -> OwnedDescriptor? {
    let opened = withCString(path.isRoot ? [UInt8(ascii: ".")] : path.bytes[...]) {
      slipway_open_beneath(root.fd, $0, flags, 0)
    }
    if opened >= 0 { return OwnedDescriptor(adopting: opened) }
    if [ENOENT, ENOTDIR, ELOOP].contains(errno) { return nil }
    throw failure("open", path)
  }

  /// Creates something; what has its name already makes room.
  private func create(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath, _ call: String,
    _ body: () -> Int32
  ) throws -> Int32 {
    var result = body()
    if result < 0, errno == EEXIST {
      try remove(parent, name, path)
      result = body()
    }
    if result < 0 { throw failure(call, path) }
    return result
  }

  private func remove(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath
  ) throws {
    if unlinkat(parent.fd, name, 0) == 0 { return }
    guard errno == EISDIR || errno == EPERM else { throw failure("remove", path) }
    let rubbish = trash.appending(randomName())
    if renameat(parent.fd, name, AT_FDCWD, rubbish.string) != 0 { throw failure("remove", path) }
    lastParent = nil
  }

  private func status(
    _ parent: OpenDirectory, _ name: UnsafePointer<CChar>, _ path: TreePath
  ) throws -> stat {
    var status = stat()
    guard fstatat(parent.fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw failure("stat", path)
    }
    return status
  }

  private func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

  private func isWhiteout(_ status: stat) -> Bool {
    status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
  }

  private func location(of path: TreePath) -> FilePath {
    path.isRoot ? rootPath : rootPath.appending(String(decoding: path.bytes, as: UTF8.self))
  }

  /// Comes straight after the call that failed.
  private func failure(_ call: String, _ path: TreePath) -> SystemCallError {
    let code = Errno(rawValue: errno)
    return SystemCallError(call, location(of: path).string, code: code)
  }
}

extension FileMetadata {
  fileprivate var isDevice: Bool { kind == .characterDevice || kind == .blockDevice }
}

/// Calls `body` with the bytes and a NUL behind them.
func withCString<Result>(
  _ bytes: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) throws -> Result
) rethrows -> Result {
  try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
    var end = 0
    for byte in bytes {
      buffer[end] = CChar(bitPattern: byte)
      end += 1
    }
    buffer[end] = 0
    return try body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped))
  }
}
