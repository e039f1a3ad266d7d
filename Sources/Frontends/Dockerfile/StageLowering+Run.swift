import BuildGraph
import DockerfileSyntax
import OCI

/// `RUN`.
extension StageLowering {
  mutating func lowerRun(
    _ run: RunInstruction, _ step: StageGraph.Step
  ) throws(FrontendError) {
    if let device = run.devices.first(where: \.isRequired) {
      throw FrontendError(.requiredDevice(device.name), at: step.range)
    }
    var mounts = MountTable(below: state.vertex)
    let words = words(of: run.script, &mounts)
    try lower(run.mounts, step, &mounts)

    var execution = Execution(
      arguments: words, environment: environment(with: mounts),
      workingDirectory: ImagePath.workingDirectory(
        nil, state.configuration.process.workingDirectory ?? "/"), platform: state.platform)
    execution.unkeyedEnvironment = arguments.proxies.filter { entry in
      state.environment[String(entry.prefix { $0 != "=" })] == nil
    }
    execution.user = state.user
    execution.network = network(run.network)
    execution.security = run.security == .insecure ? .insecure : .sandbox
    if let size = options.sharedMemorySize, size > 0 {
      mounts.add(ExecutionMount(target: "/dev/shm", kind: .tmpfs(size: size)))
    }
    execution.mounts = mounts.parentsFirst
    execution.hostname = options.buildArguments["BUILDKIT_SANDBOX_HOSTNAME"].flatMap {
      $0.isEmpty ? nil : $0
    }
    execution.extraHosts = options.extraHosts

    let text = label.next(StepLabel.text(of: step.instruction), isTrigger: step.isTrigger)
    let vertex = add(.execute(execution), inputs: mounts.inputs, label: text, step: step)
    state.record(createdBy(words), layerOf: vertex)
  }

  /// A script with a `#!` of its own is a file, which the shell starts.
  private func words(of script: RunScript, _ mounts: inout MountTable) -> [String] {
    switch script {
    case .exec(let words): return words
    case .shell(let text): return state.shellWords(text)
    case .file(let name, let body):
      let path = "/dev/pipes/" + name
      mounts.add(ExecutionMount(target: path, kind: .file(contents: body, mode: 0o755)))
      return state.shellWords(path)
    }
  }

  private func network(_ asked: RunInstruction.Network?) -> NetworkMode {
    switch asked {
    case nil, .default: options.network
    case .some(.none): .none
    case .host: .host
    }
  }

  private func environment(with mounts: MountTable) -> [String] {
    var environment = state.environment
    let agent = mounts.mounts.first { if case .ssh = $0.kind { true } else { false } }
    if let agent, environment["SSH_AUTH_SOCK"] == nil {
      environment.set("SSH_AUTH_SOCK", agent.target)
    }
    return environment.entries
  }

  /// `RUN |2 A=1 B=2 /bin/sh -c …`: every declared argument once, with the value that it has now.
  private func createdBy(_ words: [String]) -> String {
    var declared = EnvironmentList()
    for argument in state.arguments {
      declared.set(argument.name, state.environment[argument.name] ?? argument.value ?? "")
    }
    let count = declared.names.count
    let prefix = count == 0 ? [] : ["|\(count)"] + declared.entries
    return (["RUN"] + prefix + words + ["# buildkit"]).joined(separator: " ")
  }

  // MARK: - Mounts

  /// The mounts of a step, and the vertices that they come from.
  struct MountTable {
    private(set) var mounts: [ExecutionMount] = []
    private(set) var inputs: [Int]
    var agents = 0

    /// Input 0 is the file system that the step runs in.
    init(below vertex: Int) {
      inputs = [vertex]
    }

    /// Whatever the order of the flags, as in BuildKit: a mount never hides one below it.
    var parentsFirst: [ExecutionMount] {
      mounts.enumerated().sorted {
        ($0.element.target, $0.offset) < ($1.element.target, $1.offset)
      }.map(\.element)
    }

    mutating func add(_ mount: ExecutionMount) {
      mounts.append(mount)
    }

    /// The index of a vertex among the inputs. The root may also be mounted, as it was before.
    mutating func input(_ vertex: Int) -> Int {
      if let index = inputs.firstIndex(of: vertex) { return index }
      inputs.append(vertex)
      return inputs.count - 1
    }
  }

  private mutating func lower(
    _ flags: [MountFlag], _ step: StageGraph.Step, _ table: inout MountTable
  ) throws(FrontendError) {
    for (index, flag) in flags.enumerated() {
      let mount = try resolve(flag, step)
      let origin = step.origins.indices.contains(index) ? step.origins[index] : nil
      switch mount.kind {
      case .bind:
        let vertex = try contextVertex(origin, step)
        let bind = BindMount(
          input: table.input(vertex), source: ImagePath.clean(mount.source ?? "/"),
          writable: !mount.isReadOnly)
        table.add(ExecutionMount(target: try target(mount, step), kind: .bind(bind)))
      case .cache:
        let cache = try cache(mount, origin, step, &table)
        table.add(ExecutionMount(target: try target(mount, step), kind: .cache(cache)))
      case .tmpfs:
        let size = mount.size.flatMap { $0 == 0 ? nil : $0 }
        table.add(ExecutionMount(target: try target(mount, step), kind: .tmpfs(size: size)))
      case .secret: table.add(try secret(mount, step))
      case .ssh: table.add(agent(mount, &table))
      }
    }
  }

  private mutating func resolve(
    _ flag: MountFlag, _ step: StageGraph.Step
  ) throws(FrontendError) -> RunMount {
    let environment = state.environment
    let expander = expander
    // A trigger's flag stands in no line of this Dockerfile.
    let range = step.isTrigger ? step.range : flag.range ?? step.range
    var unset: [Set<String>] = []
    do {
      let mount = try flag.resolve { word in
        do throws(ExpansionError) {
          let expansion = try expander.expand(word) { environment[$0] }
          unset.append(expansion.unset)
          return expansion.text
        } catch {
          throw FrontendError(.expansion(error, word: word), at: range)
        }
      }
      for names in unset { lint(unset: names, step) }
      return mount
    } catch let error as FrontendError {
      throw error
    } catch let error as InstructionError {
      throw FrontendError(.instruction(error), at: range)
    } catch {
      throw FrontendError(.instruction(InstructionError("\(error)")), at: range)
    }
  }

  /// A relative target is below the working directory.
  private func target(
    _ mount: RunMount, _ step: StageGraph.Step
  ) throws(FrontendError) -> String {
    let path = ImagePath.join(state.workingDirectory, mount.target ?? "")
    guard path != "/" else { throw FrontendError(.invalidMountTarget(path), at: step.range) }
    return path
  }

  /// Owner and mode count only for a cache that starts at a root, and then it starts empty.
  private mutating func cache(
    _ mount: RunMount, _ origin: StageGraph.Origin?, _ step: StageGraph.Step,
    _ table: inout MountTable
  ) throws(FrontendError) -> CacheMount {
    let own = mount.id.flatMap { $0.isEmpty ? nil : $0 }
    let id = own ?? ImagePath.cleanKeepingRelative(mount.target ?? "")
    let space = options.buildArguments["BUILDKIT_CACHE_MOUNT_NS"].map { $0.isEmpty ? "" : $0 + "/" }
    var cache = CacheMount(id: (space ?? "") + id, explicitID: own != nil)
    cache.sharing =
      switch mount.sharing {
      case nil, .shared: .shared
      case .private: .private
      case .locked: .locked
      }
    cache.readOnly = mount.isReadOnly
    let source = ImagePath.clean(mount.source ?? "/")
    if source == "/", mount.mode != nil || mount.uid != nil || mount.gid != nil {
      cache.mode = mount.mode.map { UInt16($0 & 0o7777) } ?? 0o755
      cache.userID = mount.uid ?? 0
      cache.groupID = mount.gid ?? 0
    } else if let origin, origin != .scratch {
      let seed = try vertex(of: origin, for: step)
      cache.seed = BindMount(input: table.input(seed), source: source, writable: false)
    }
    return cache
  }

  private func secret(
    _ mount: RunMount, _ step: StageGraph.Step
  ) throws(FrontendError) -> ExecutionMount {
    let given = [mount.source, mount.id].compactMap(\.self).first { !$0.isEmpty }
    let path = mount.target.flatMap { $0.isEmpty ? nil : $0 }
    guard let id = given ?? path.map(ImagePath.lastComponent), !id.isEmpty else {
      let error = InstructionError("a secret needs an `id` or a `target`")
      throw FrontendError(.instruction(error), at: step.range)
    }
    var secret = SecretMount(id: id, required: mount.isRequired)
    secret.environmentName = mount.environment
    secret.asFile = mount.environment == nil || path != nil
    secret.mode = mount.mode.map { UInt16($0 & 0o7777) } ?? 0o400
    secret.userID = mount.uid ?? 0
    secret.groupID = mount.gid ?? 0
    let target = path ?? "/run/secrets/" + ImagePath.lastComponent(id)
    return ExecutionMount(target: ImagePath.clean(target), kind: .secret(secret))
  }

  private func agent(_ mount: RunMount, _ table: inout MountTable) -> ExecutionMount {
    let id = mount.id.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
    var agent = SSHMount(id: id, required: mount.isRequired)
    agent.mode = mount.mode.map { UInt16($0 & 0o7777) } ?? 0o600
    agent.userID = mount.uid ?? 0
    agent.groupID = mount.gid ?? 0
    let given = mount.target.flatMap { $0.isEmpty ? nil : $0 }
    let target = given ?? "/run/buildkit/ssh_agent.\(table.agents)"
    table.agents += 1
    return ExecutionMount(target: ImagePath.clean(target), kind: .ssh(agent))
  }
}
