internal import Archive
import Glibc
internal import OCI
internal import Snapshots
internal import SystemPackage

/// The directory that lies under a `host:` stage: the few files that are made for it, and mount
/// points for what is shown of this machine.
struct HostSkeleton {
  let stores: EngineStores

  /// Blocks; made once for each identity of the system.
  func directory(for host: HostSystem) throws -> FilePath {
    let folder = stores.home.appending("host")
    try ContentStore.makeDirectories(folder)
    let path = folder.appending(String(host.identity.hex.prefix(32)))
    if access(path.string, F_OK) == 0 { return path }
    let scratch = try ScratchLayer(in: stores.layers)
    defer { scratch.discard() }
    let sink = try stores.layers.sink(into: scratch.upper)
    for entry in host.skeleton {
      let contents = entry.contents.isEmpty ? nil : MemorySource(entry.contents)
      try sink.add(entry.path, entry.metadata, contents: contents)
    }
    try sink.finish()
    chmod(scratch.upper.string, 0o755)
    // Whoever comes second finds the same directory there.
    if rename(scratch.upper.string, path.string) != 0, errno != EEXIST, errno != ENOTEMPTY {
      throw SystemCallError("make", path.string)
    }
    return path
  }
}
