import Glibc
import OCI
import SystemPackage

/// A file with credentials: Docker's `config.json`, or Podman's `auth.json`.
struct CredentialFile: Hashable, Sendable {
  let path: FilePath
  /// For one that lies in a folder of the system, which need not let everybody in.
  var mayBeClosed = false

  /// What the file says; nil where there is none.
  func read() async throws -> CredentialDocument? {
    // Files are read in no time, unless they are pipes, or on a server that is gone.
    try await BlockingWork.run { try readWaiting() }
  }

  /// Changes the file while no other login does, made where there is none, and its directory. What
  /// is not changed is not written.
  ///
  /// Other tools do not heed the lock, but they find the file as it was or as it is now.
  ///
  /// A cancelled task does not wait for the lock, but the change is made when it comes.
  ///
  /// - Parameter body: may be called twice.
  func edit<Result: Sendable>(
    _ body: @escaping @Sendable (inout CredentialDocument) throws -> Result
  ) async throws -> Result {
    // A file that cannot be written need not be where it is as it should be.
    let unlocked = try await BlockingWork.run { try edited(body) }
    if unlocked.bytes == nil { return unlocked.result }
    // The file may be a link into a directory of settings that is kept elsewhere.
    let target = try await BlockingWork.run {
      let target = try resolved()
      try makeDirectories(target.removingLastComponent())
      return target
    }
    // All that is done under the lock is one piece of work: with a thread for each of its parts, those
    // who wait could keep the one who holds it from getting any.
    return try await BlockingWork.wait {
      let lockPath = FilePath(target.string + ".slipway-lock")
      let lock = try writing { try FileLock(transient: lockPath) }
      defer { lock.releaseRemoving(lockPath) }
      let edited = try edited(body)
      if let bytes = edited.bytes { try writing { try replace(target, with: bytes) } }
      return edited.result
    } givingBack: { _ in
    }
  }

  /// What `body` makes of the file; no bytes where it stays as it is.
  private func edited<Result>(
    _ body: (inout CredentialDocument) throws -> Result
  ) throws -> (result: Result, bytes: [UInt8]?) {
    var document = try readWaiting() ?? CredentialDocument(path: path)
    let before = document.content
    let result = try body(&document)
    return (result, document.content == before ? nil : document.content.bytes)
  }

  private func readWaiting() throws -> CredentialDocument? {
    try SettingsFile.read(path, mayBeClosed: mayBeClosed).map {
      try CredentialDocument($0, path: path)
    }
  }

  /// Where the symbolic links lead, also where there is nothing yet.
  private func resolved() throws -> FilePath {
    var target = path
    // As many as Linux follows.
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(target.string, &buffer, buffer.count - 1)
      guard count >= 0 else { return target }
      let link = buffer[..<count].map { UInt8(bitPattern: $0) }
      target = target.removingLastComponent().pushing(
        FilePath(String(decoding: link, as: UTF8.self)))
    }
    throw SystemCallError("open", path.string, code: .tooManySymbolicLinkLevels)
  }

  private func makeDirectories(_ directory: FilePath) throws {
    if directory.isEmpty || mkdir(directory.string, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, !directory.components.isEmpty else { throw unwritable() }
    try makeDirectories(directory.removingLastComponent())
    if mkdir(directory.string, 0o700) != 0, errno != EEXIST { throw unwritable() }
  }

  /// Writes the file anew beside the old one and renames it, so that a crash leaves one of the two.
  private func replace(_ target: FilePath, with bytes: [UInt8]) throws {
    let temporary = FilePath(target.string + ".slipway-new")
    // Nobody else has it, for the lock is held: a crash left it.
    unlink(temporary.string)
    do {
      let file = try OwnedDescriptor(
        opening: temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
      // With `sudo`, the file stays that of the user whose home it is in.
      var old = stat()
      if stat(target.string, &old) == 0 { _ = fchown(file.rawValue, old.st_uid, old.st_gid) }
      try bytes.withUnsafeBytes { try file.write($0, path: temporary) }
      if fsync(file.rawValue) != 0 { throw SystemCallError("sync", temporary.string) }
      if rename(temporary.string, target.string) != 0 {
        throw SystemCallError("rename", temporary.string)
      }
    } catch {
      unlink(temporary.string)
      throw error
    }
    let parent = target.removingLastComponent()
    let directory = try OwnedDescriptor(
      opening: parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY)
    fsync(directory.rawValue)
  }

  private func writing<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as SystemCallError {
      throw CredentialError.unwritable(path, error.code)
    }
  }

  /// Takes the code from `errno`.
  private func unwritable() -> CredentialError {
    .unwritable(path, Errno(rawValue: errno))
  }
}
