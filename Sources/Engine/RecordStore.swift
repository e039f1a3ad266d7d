internal import CLinux
import Glibc
package import OCI
package import SystemPackage

/// Records of the cache, such as `cache/records/<key>`: written once, found by their key.
///
/// A record may be trusted only if the layer it names was written out. During a build, records are
/// named `<key>@<boot>` and count as long as the machine has not been restarted; when the build ends,
/// the file system is synced once and they lose the suffix. So a power failure costs the steps of
/// the builds that were running, and a killed process costs nothing.
package struct RecordStore<Record: Codable & Sendable>: Sendable {
  private let folder: FilePath
  private let boot: String

  /// Opens the records in the folder `name` of the cache below `home`, made where there are none.
  package init(home: FilePath, folder name: String) throws {
    folder = home.appending("cache").appending(name)
    try ContentStore.makeDirectories(folder)
    boot = RecordStore.bootIdentifier()
  }

  /// The record of a key; nil where there is none that can be read.
  package func record(for key: Digest) -> Record? {
    // Once more at the end: a build that was ending may have confirmed it in between.
    for name in [key.hex, provisionalName(key), key.hex] {
      if let bytes = try? SmallFile.read(folder.appending(name)),
        let record = try? JSON.decode(Record.self, from: bytes)
      {
        return record
      }
    }
    return nil
  }

  /// Remembers a record under a key until the machine is restarted, or `confirm` is called.
  package func write(_ record: Record, for key: Digest) throws {
    let bytes = try JSON.encode(record)
    let name = provisionalName(key)
    let temporary = folder.appending(".\(name).\(getpid()).\(UInt32.random(in: 0 ... .max))")
    do {
      let file = try OwnedDescriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL)
      try bytes.withUnsafeBytes { try file.write($0, path: temporary) }
      // An older record of the same key must not win.
      unlink(folder.appending(key.hex).string)
      if rename(temporary.string, folder.appending(name).string) != 0 {
        throw SystemCallError("write", folder.appending(name).string)
      }
    } catch {
      unlink(temporary.string)
      throw error
    }
  }

  /// Forgets a key, whose layer turned out to be gone.
  package func remove(_ key: Digest) {
    unlink(folder.appending(key.hex).string)
    unlink(folder.appending(provisionalName(key)).string)
  }

  /// Makes the records of `keys` outlive a restart, after everything they name has been written out.
  package func confirm(_ keys: some Collection<Digest>) throws {
    guard !keys.isEmpty else { return }
    let descriptor = try OwnedDescriptor(opening: folder, O_RDONLY | O_DIRECTORY)
    if slipway_syncfs(descriptor.rawValue) != 0 { throw SystemCallError("sync", folder.string) }
    for key in keys {
      rename(folder.appending(provisionalName(key)).string, folder.appending(key.hex).string)
    }
  }

  private func provisionalName(_ key: Digest) -> String { "\(key.hex)@\(boot)" }

  private static func bootIdentifier() -> String {
    let bytes = (try? SmallFile.read("/proc/sys/kernel/random/boot_id")) ?? []
    let text = String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)
    return text.isEmpty ? "unknown" : text
  }
}
