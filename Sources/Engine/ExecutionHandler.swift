internal import Archive
internal import BuildGraph
import Glibc
internal import OCI
internal import Reporting
internal import Sandbox
internal import Snapshots
internal import SystemPackage

/// Runs a process on top of a state; what it changed is the new layer.
struct ExecutionHandler: Sendable {
  let stores: EngineStores
  let inputs: BuildInputs
  let trees: StateTrees
  var sandbox: any ProcessSandbox = BuiltInSandbox()

  /// Runs `execution` over `states[0]`, with the other states mounted.
  func run(
    _ execution: Execution, vertex: Vertex, step: StepID, states: [FileSystemState]
  ) async throws -> LayerID {
    let resources = ExecutionResources(layers: stores.layers)
    defer { resources.release() }
    try await holdCacheFolders(of: execution, resources)
    let specification = try await BlockingWork.run {
      try prepare(execution, vertex: vertex, states: states, resources)
    }
    let reporter = inputs.reporter
    let result: SandboxResult
    do {
      result = try await sandbox.run(specification) { stream, bytes in
        reporter.report(
          .stepOutput(step, stream == .standardOutput ? .stdout : .stderr, bytes))
      }
    } catch SandboxError.wrongFormat(let command) {
      let foreign = ImageError(unknownFormatOf: command, of: execution.platform)
      throw foreign ?? SandboxError.wrongFormat(command)
    }
    guard result.status == .exited(0) else {
      throw EngineError(vertex: vertex, cause: .commandFailed(result.status))
    }
    return try await BlockingWork.run {
      try resources.commitRoot(withoutStubs: result.providedPaths)
    }
  }

  /// What a runtime mounts the kernel's file systems on. BuildKit leaves these directories in the
  /// layer of the first step of an image that has none (moby/buildkit#7039).
  private static let kernelMountPoints = ["dev", "proc", "sys"]

  private func makeKernelMountPoints(
    in upper: FilePath, over base: FileSystemState, _ resources: ExecutionResources
  ) throws {
    if base.base == .host { return }
    let files = try trees.tree(of: base)
    for name in Self.kernelMountPoints where try files.node(at: TreePath(cleaning: name)) == nil {
      try resources.makeKept(upper.appending(name))
    }
  }

  /// Holds the folders of the cache mounts: each once, however often the step mounts it, and in one
  /// order for all steps, so that no two steps wait for each other.
  private func holdCacheFolders(
    of execution: Execution, _ resources: ExecutionResources
  ) async throws {
    let store = stores.cacheMounts
    for mount in CacheMountStore.folders(of: execution.mounts) {
      let lease = try await BlockingWork.wait {
        try store.lease(mount)
      } givingBack: {
        $0.release()
      }
      resources.keep(lease, as: CacheMountStore.FolderName(mount))
    }
  }

  // MARK: - The specification

  private func prepare(
    _ execution: Execution, vertex: Vertex, states: [FileSystemState],
    _ resources: ExecutionResources
  ) throws -> SandboxSpecification {
    guard execution.security == .sandbox || inputs.allowsInsecure else {
      throw EngineError(vertex: vertex, cause: .securityNotGranted)
    }
    let base = states[0]
    let (upper, work) = try resources.beginRoot()
    try makeKernelMountPoints(in: upper, over: base, resources)
    let lower = try lowerDirectories(of: base)
    var specification = SandboxSpecification(
      root: .overlay(lower: lower, upper: upper, work: work), arguments: execution.arguments)
    specification.workingDirectory = FilePath(execution.workingDirectory)
    specification.network = execution.network == .none ? .none : .host
    if execution.security == .insecure { specification.liftProtection() }
    if let hostname = execution.hostname { specification.hostname = hostname }
    specification.resourceLimits = inputs.resourceLimits
    specification.environment = execution.environment + execution.unkeyedEnvironment
    try setUser(execution.user, base, &specification)
    specification.mounts = try hostMounts(base) + networkFiles(execution)
    for mount in execution.mounts {
      try add(mount, vertex: vertex, states: states, to: &specification, resources)
    }
    return specification
  }

  /// The stack's directories, topmost first; this machine's own system has its skeleton at the end.
  private func lowerDirectories(of state: FileSystemState) throws -> [FilePath] {
    guard state.base == .host, let host = inputs.host else {
      return state.layers.isEmpty ? [] : try stores.layers.lowerDirectories(of: state.layers)
    }
    let skeleton = try HostSkeleton(stores: stores).directory(for: host)
    let layers =
      state.layers.isEmpty ? [] : try stores.layers.lowerDirectories(of: state.layers)
    return layers + [skeleton]
  }

  /// `HOME` is set from the user's entry as OCI runtimes do, unless the image says otherwise.
  private func setUser(
    _ user: String?, _ base: FileSystemState, _ specification: inout SandboxSpecification
  ) throws {
    let identity = try trees.tree(of: base).userDatabase().identity(for: user ?? "root")
    specification.user = SandboxUser(
      userID: identity.userID, groupID: identity.groupID,
      supplementaryGroups: identity.supplementaryGroups)
    if !specification.environment.contains(where: { $0.hasPrefix("HOME=") }) {
      specification.environment.append("HOME=\(identity.home ?? "/")")
    }
  }

  private func hostMounts(_ state: FileSystemState) throws -> [SandboxMount] {
    guard state.base == .host, let host = inputs.host else { return [] }
    let binds = host.binds.map {
      SandboxMount.bind($0.source, at: $0.target.filePath, readOnly: true, recursive: true)
    }
    let masks = host.masks.map {
      SandboxMount(
        .temporary(size: 0, mode: 0o000), at: $0.filePath, options: [.readOnly, .noDevices])
    }
    return binds + masks
  }

  private func networkFiles(_ execution: Execution) -> [SandboxMount] {
    let hostname = execution.hostname ?? "buildkitsandbox"
    var hosts = "127.0.0.1\tlocalhost \(hostname)\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    for host in execution.extraHosts { hosts += "\(host.address)\t\(host.name)\n" }
    var mounts: [SandboxMount] = [.file(Array(hosts.utf8), at: "/etc/hosts", mode: 0o644)]
    if execution.network != .none, let resolver = try? SmallFile.read("/etc/resolv.conf") {
      mounts.append(.file(resolver, at: "/etc/resolv.conf", mode: 0o644))
    }
    return mounts
  }

  // MARK: - Mounts

  private func add(
    _ mount: ExecutionMount, vertex: Vertex, states: [FileSystemState],
    to specification: inout SandboxSpecification, _ resources: ExecutionResources
  ) throws {
    let target = FilePath(mount.target)
    switch mount.kind {
    case .tmpfs(let size):
      specification.mounts.append(.temporary(at: target, size: size))
    case .file(let contents, let mode):
      specification.mounts.append(.file(contents, at: target, mode: UInt32(mode)))
    case .bind(let bind):
      specification.mounts.append(
        try bindMount(bind, at: target, state: states[bind.input], resources))
    case .cache(let cache):
      guard let (lease, isFirstUse) = resources.use(CacheMountStore.FolderName(cache)) else {
        return
      }
      if isFirstUse, lease.isNew, let seed = cache.seed {
        try copy(seed.source, of: states[seed.input], to: lease.data)
      }
      specification.mounts.append(.bind(lease.data, at: target, readOnly: cache.readOnly))
    case .secret(let secret):
      guard let value = inputs.secrets[secret.id] else {
        if secret.required {
          throw EngineError(vertex: vertex, cause: .secretMissing(id: secret.id))
        }
        return
      }
      if secret.asFile {
        specification.mounts.append(
          .file(
            value, at: target, mode: UInt32(secret.mode), userID: secret.userID,
            groupID: secret.groupID))
      }
      if let name = secret.environmentName {
        // Programs differ in which of two variables of one name they see.
        specification.environment.removeAll { $0.hasPrefix(name + "=") }
        specification.environment.append(name + "=" + String(decoding: value, as: UTF8.self))
      }
    case .ssh(let ssh):
      guard let socket = inputs.sshSockets[ssh.id] else {
        if ssh.required { throw EngineError(vertex: vertex, cause: .sshMissing(id: ssh.id)) }
        return
      }
      let relay = try resources.beginRelay(to: socket, ssh)
      specification.mounts.append(.bind(relay, at: target, readOnly: false))
    }
  }

  private func bindMount(
    _ bind: BindMount, at target: FilePath, state: FileSystemState,
    _ resources: ExecutionResources
  ) throws -> SandboxMount {
    if state.base == .nothing, !state.layers.isEmpty {
      let scratch = bind.writable ? try resources.beginScratchOverlay() : nil
      return .layers(
        try stores.layers.lowerDirectories(of: state.layers), path: FilePath(bind.source),
        at: target, scratch: scratch)
    }
    // A context, or this machine's system: what is wanted is copied, so that nothing else can be
    // seen, changed, or change while the step runs.
    let folder = try resources.beginScratchFolder()
    let tree = try trees.tree(of: state)
    let path = TreePath(cleaning: bind.source)
    guard let resolved = try tree.resolve(path, followingLast: true),
      let node = try tree.node(at: resolved)
    else { throw FileActionError.notFound(bind.source) }
    try copy(bind.source, of: state, to: folder)
    let name = String(decoding: path.name, as: UTF8.self)
    let source = node.isDirectory ? folder : folder.appending(name)
    return .bind(source, at: target, readOnly: !bind.writable)
  }

  private func copy(_ source: String, of state: FileSystemState, to folder: FilePath) throws {
    let action = CopyAction(input: 0, sources: [source], destination: "/")
    let selection = try SourceSelection(action, from: trees.tree(of: state))
    var draft = LayerDraft(over: EmptyTree(), now: FileTime.now)
    try draft.copy(selection, action, resetsOwners: state.isContext)
    let sink = try stores.layers.sink(into: folder)
    try draft.write(to: sink)
    try sink.finish()
  }
}

extension SandboxSpecification {
  /// All that root may do here: every capability, every system call, the kernel's files as they are.
  fileprivate mutating func liftProtection() {
    capabilities = .all
    seccomp = .unconfined
    unmasked = true
  }
}

extension TreePath {
  /// As an absolute path.
  var filePath: FilePath {
    FilePath("/" + String(decoding: bytes, as: UTF8.self))
  }
}
