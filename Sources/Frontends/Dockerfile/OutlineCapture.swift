import BuildGraph
import DockerfileSyntax

/// Notes what the stages can be told as they are lowered, after BuildKit's outline: an argument belongs
/// to a target if a `FROM` or an `ARG` of it, or of a stage that it needs, names it.
struct OutlineCapture: Sendable {
  private var stages: [Int: StageNotes] = [:]
  /// The names of all `ARG`s so far, those of base images' triggers too.
  private(set) var declaredArguments: Set<String> = []

  /// What one stage can be told.
  fileprivate struct StageNotes: Sendable {
    /// By name: the stage's own, else those before the first stage.
    var arguments: [String: Known] = [:]
    /// The names that count.
    var used: Set<String> = []
    var secrets: [String: DockerfileOutline.Credential] = [:]
    var agents: [String: DockerfileOutline.Credential] = [:]
  }

  fileprivate struct Known: Sendable {
    var argument: DockerfileOutline.Argument
    /// The arguments that its value refers to.
    var uses: Set<String> = []
  }

  /// Begins a stage with what its `FROM`, and that of the stage below it, uses.
  mutating func begin(_ index: Int, in graph: StageGraph, _ arguments: GlobalArguments) {
    var notes = StageNotes()
    for (name, definition) in arguments.definitions {
      notes.arguments[name] = Known(
        argument: DockerfileOutline.Argument(
          name: name, description: definition.argument.comment, value: definition.value ?? "",
          range: definition.range),
        uses: definition.uses)
    }
    let node = graph.nodes[index]
    notes.used = node.usedArguments
    if case .stage(let base) = node.base { notes.used.formUnion(graph.nodes[base].usedArguments) }
    stages[index] = notes
  }

  /// Notes an `ARG`. One that takes its value from before the first stage is the one up there.
  mutating func note(
    _ argument: ArgumentInstruction.Argument, value: String?, isInherited: Bool,
    at range: SourceRange, in stage: Int
  ) {
    if !isInherited {
      stages[stage]?.arguments[argument.name] = Known(
        argument: DockerfileOutline.Argument(
          name: argument.name, description: argument.comment, value: value ?? "", range: range))
    }
    stages[stage]?.used.insert(argument.name)
    declaredArguments.insert(argument.name)
  }

  /// Notes the secrets and agents among the mounts of a step.
  mutating func note(_ mounts: [ExecutionMount], at range: SourceRange, in stage: Int) {
    for mount in mounts {
      switch mount.kind {
      case .secret(let secret) where stages[stage]?.secrets[secret.id] == nil:
        stages[stage]?.secrets[secret.id] = DockerfileOutline.Credential(
          id: secret.id, isRequired: secret.required, range: range)
      case .ssh(let agent) where stages[stage]?.agents[agent.id] == nil:
        stages[stage]?.agents[agent.id] = DockerfileOutline.Credential(
          id: agent.id, isRequired: agent.required, range: range)
      default: continue
      }
    }
  }

  /// What the target and the stages that it needs can be told; the target's word counts first, then
  /// that of its base, then that of the stages that it copies from.
  func outline(of target: Int, in graph: StageGraph) -> DockerfileOutline {
    let stage = graph.nodes[target].stage
    var outline = DockerfileOutline(name: stage.name, description: stage.comment)
    var visited: Set<Int> = []
    var arguments: [String: DockerfileOutline.Argument] = [:]
    var secrets: [String: DockerfileOutline.Credential] = [:]
    var agents: [String: DockerfileOutline.Credential] = [:]
    var pending = [target]
    while let index = pending.popLast() {
      guard visited.insert(index).inserted, let notes = stages[index] else { continue }
      arguments.merge(notes.usedArguments) { first, _ in first }
      secrets.merge(notes.secrets) { first, _ in first }
      agents.merge(notes.agents) { first, _ in first }
      let node = graph.nodes[index]
      for case .stage(let next) in (node.dependencies.reversed() + [node.base]) {
        pending.append(next)
      }
    }
    outline.arguments = arguments.values.sorted {
      ($0.range.startLine, $0.name) < ($1.range.startLine, $1.name)
    }
    outline.secrets = Self.inOrder(secrets)
    outline.agents = Self.inOrder(agents)
    return outline
  }

  private static func inOrder(
    _ credentials: [String: DockerfileOutline.Credential]
  ) -> [DockerfileOutline.Credential] {
    credentials.values.sorted { ($0.range.startLine, $0.id) < ($1.range.startLine, $1.id) }
  }
}

extension OutlineCapture.StageNotes {
  /// The arguments that count: those that are used, and those that these refer to.
  fileprivate var usedArguments: [String: DockerfileOutline.Argument] {
    var found: [String: DockerfileOutline.Argument] = [:]
    var pending = Array(used)
    while let name = pending.popLast() {
      guard found[name] == nil, let known = arguments[name] else { continue }
      found[name] = known.argument
      pending += known.uses
    }
    return found
  }
}
