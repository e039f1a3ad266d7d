internal import BuildGraph
import Glibc
internal import OCI
package import SystemPackage

/// The folders of `RUN --mount=type=cache`: plain directories that outlive builds, by their id.
package struct CacheMountStore: Sendable {
  private let folder: FilePath

  /// Opens the folders below `home`.
  package init(home: FilePath) throws {
    folder = home.appending("cache").appending("mounts")
    try ContentStore.makeDirectories(folder)
  }

  /// A folder in use, until it is released.
  struct Lease: Sendable {
    let data: FilePath
    /// Whether it was made just now, and wants its seed.
    let isNew: Bool
    fileprivate let lock: FileLock

    func release() { lock.release() }
  }

  /// What makes two mounts of a step show the same folder.
  struct FolderName: Hashable {
    let id: String
    let isPrivate: Bool

    init(_ mount: CacheMount) {
      id = mount.id
      isPrivate = mount.sharing == .private
    }
  }

  /// A mount for each folder that a step needs, with the strictest sharing that it asks for, in the
  /// order in which all steps hold them.
  static func folders(of mounts: [ExecutionMount]) -> [CacheMount] {
    var folders: [FolderName: CacheMount] = [:]
    for case .cache(let mount) in mounts.map(\.kind) {
      var folder = folders[FolderName(mount)] ?? mount
      if mount.sharing == .locked { folder.sharing = .locked }
      folders[FolderName(mount)] = folder
    }
    return folders.values.sorted { a, b in
      a.id == b.id ? a.sharing != .private && b.sharing == .private : a.id < b.id
    }
  }

  /// Waits for the folder of a mount and holds it as its sharing mode says: `locked` alone, `shared`
  /// with others, `private` a folder that nobody else holds. Blocks the thread.
  func lease(_ mount: CacheMount) throws -> Lease {
    switch mount.sharing {
    case .shared: return try lease(mount, number: 0) { try FileLock($0, exclusive: false) }
    case .locked: return try lease(mount, number: 0) { try FileLock($0, exclusive: true) }
    case .private:
      for number in 1... {
        let path = try instance(mount, number).appending("lock")
        if let lock = try FileLock(ifFree: path) {
          return try lease(mount, number: number) { _ in lock }
        }
      }
      preconditionFailure("an endless range ended")
    }
  }

  private func lease(_ mount: CacheMount, number: Int, _ lock: (FilePath) throws -> FileLock) throws
    -> Lease
  {
    let instance = try instance(mount, number)
    let lock = try lock(instance.appending("lock"))
    let data = instance.appending("data")
    do {
      if mkdir(data.string, mode_t(mount.mode)) == 0 {
        // mkdir(2) applies the umask.
        chmod(data.string, mode_t(mount.mode))
        chown(data.string, mount.userID, mount.groupID)
        return Lease(data: data, isNew: true, lock: lock)
      }
      guard errno == EEXIST else { throw SystemCallError("make", data.string) }
      return Lease(data: data, isNew: false, lock: lock)
    } catch {
      lock.release()
      throw error
    }
  }

  private func instance(_ mount: CacheMount, _ number: Int) throws -> FilePath {
    let name = Digest.sha256(of: Array(mount.id.utf8)).hex.prefix(32)
    let path = folder.appending(number == 0 ? String(name) : "\(name)-\(number)")
    try ContentStore.makeDirectories(path)
    return path
  }
}
