internal import BuildGraph
import Glibc
internal import OCI
internal import Sandbox
internal import Snapshots
import Synchronization
internal import SystemPackage

/// What a running step holds on disk, given back when it ends however it ends.
final class ExecutionResources: Sendable {
  private struct State {
    var root: ScratchLayer?
    /// Mount points that are part of the layer.
    var keptMountPoints: Set<FilePath> = []
    var scratches: [ScratchLayer] = []
    var leases: [CacheMountStore.FolderName: CacheMountStore.Lease] = [:]
    var relays: [SocketRelay] = []
    var usedLeases: Set<CacheMountStore.FolderName> = []
  }

  private let layers: LayerStore
  private let state = Mutex(State())

  init(layers: LayerStore) {
    self.layers = layers
  }

  /// The directories that the root's overlay writes to.
  func beginRoot() throws -> (upper: FilePath, work: FilePath) {
    let scratch = try ScratchLayer(in: layers)
    state.withLock { $0.root = scratch }
    return (scratch.upper, scratch.work)
  }

  /// Makes a directory that stays in the layer although something is mounted on it.
  func makeKept(_ path: FilePath) throws {
    if mkdir(path.string, 0o755) != 0 || chmod(path.string, 0o755) != 0 {
      throw SystemCallError("make", path.string)
    }
    state.withLock { _ = $0.keptMountPoints.insert(path) }
  }

  /// Directories for an overlay whose writes are thrown away.
  func beginScratchOverlay() throws -> OverlayScratch {
    let scratch = try ScratchLayer(in: layers)
    state.withLock { $0.scratches.append(scratch) }
    return OverlayScratch(upper: scratch.upper, work: scratch.work)
  }

  /// An empty folder that is thrown away.
  func beginScratchFolder() throws -> FilePath {
    try beginScratchOverlay().upper
  }

  /// A socket that leads to another one while the step runs.
  func beginRelay(to socket: FilePath, _ mount: SSHMount) throws -> FilePath {
    let relay = try SocketRelay(
      to: socket, in: beginScratchFolder(), mode: UInt32(mount.mode), userID: mount.userID,
      groupID: mount.groupID)
    state.withLock { $0.relays.append(relay) }
    return relay.path
  }

  /// Holds a cache folder until the step ends.
  func keep(_ lease: CacheMountStore.Lease, as name: CacheMountStore.FolderName) {
    state.withLock { $0.leases[name] = lease }
  }

  /// A cache folder that is held, and whether this is its first mount.
  func use(_ name: CacheMountStore.FolderName) -> (CacheMountStore.Lease, isFirstUse: Bool)? {
    state.withLock { state in
      state.leases[name].map { ($0, state.usedLeases.insert(name).inserted) }
    }
  }

  /// Turns what the step wrote into a layer.
  ///
  /// - Parameter stubs: mount points that the step saw only because something was mounted there;
  ///   what is left of them is no change.
  func commitRoot(withoutStubs stubs: [FilePath]) throws -> LayerID {
    let (scratch, kept) = state.withLock { ($0.root, $0.keptMountPoints) }
    guard let root = scratch else {
      throw SystemCallError("commit", "the step's root", code: .noSuchFileOrDirectory)
    }
    for stub in stubs.sorted(by: { $0.components.count > $1.components.count }) {
      let path = root.upper.appending(stub.components)
      if !kept.contains(path) { ExecutionResources.removeStub(path) }
    }
    return try root.commit()
  }

  func release() {
    let held = state.withLock { state in
      defer { state = State() }
      return state
    }
    for relay in held.relays { relay.close() }
    for scratch in held.scratches { scratch.discard() }
    held.root?.discard()
    for lease in held.leases.values { lease.release() }
  }

  /// A whiteout or an empty directory where there was nothing before the step.
  private static func removeStub(_ path: FilePath) {
    var status = stat()
    guard lstat(path.string, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFCHR where status.st_rdev == 0: unlink(path.string)
    case S_IFDIR: rmdir(path.string)
    default: break
    }
  }
}
