import BuildGraph
import DockerfileSyntax
import OCI

/// The stages of a Dockerfile and what each one needs: which stages, which images.
struct StageGraph: Sendable {
  private(set) var nodes: [Node] = []
  /// By name, in lower case. A later stage takes the name of an earlier one.
  private(set) var indexes: [String: Int] = [:]
  private let options: FrontendOptions
  private let namedContexts: [String: NamedContext]

  /// Where files come from.
  enum Origin: Hashable, Sendable {
    case stage(Int)
    case scratch
    case image(ImageRequest)
    case local(String)
    case host
    case remote(Source)
  }

  /// An instruction with what it copies from or mounts.
  struct Step: Sendable {
    var instruction: Instruction
    /// What people are shown: that of the `FROM` for a trigger of the base image.
    var range: SourceRange
    var isTrigger = false
    /// For `COPY`, one where there is `--from`; for `RUN`, one a mount, nil where it has no `from`.
    var origins: [Origin?] = []
  }

  /// A stage.
  struct Node: Sendable {
    let stage: Stage
    /// Its name, or `stage-<number>`.
    let name: String
    var base: Origin
    /// As `FROM --platform` has it; nil is the platform of the build.
    var platform: Platform?
    /// The arguments that its `FROM` uses.
    var usedArguments: Set<String> = []
    /// Whether a named context stands in for the whole stage.
    var isReplaced = false
    var steps: [Step] = []
    /// Whether the base's `ONBUILD` triggers are among the steps.
    var hasTriggers = false

    /// What it needs besides its base.
    var dependencies: [Origin] { steps.flatMap { $0.origins.compactMap(\.self) } }
  }

  init(
    _ dockerfile: Dockerfile, arguments: GlobalArguments, options: FrontendOptions,
    expander: Expander, findings: inout FindingLog
  ) throws(FrontendError) {
    self.options = options
    namedContexts = Dictionary(
      options.namedContexts.map { (Self.contextKey($0.key), $0.value) },
      uniquingKeysWith: { first, _ in first })
    for stage in dockerfile.stages {
      try add(stage, arguments, expander, &findings)
    }
    for index in nodes.indices where !nodes[index].isReplaced {
      for instruction in nodes[index].stage.instructions {
        nodes[index].steps.append(try step(instruction, at: instruction.range))
      }
    }
    try refuseCycles()
  }

  // MARK: - Stages

  private mutating func add(
    _ stage: Stage, _ arguments: GlobalArguments, _ expander: Expander,
    _ findings: inout FindingLog
  ) throws(FrontendError) {
    let range = stage.fromRange
    let base = try expand(stage.base, arguments, expander, at: range)
    var used = base.used
    Self.lint(stage, base, arguments, &findings)
    guard !base.text.isEmpty else {
      throw FrontendError(.emptyBase(stage.base, unset: base.unset.sorted()), at: range)
    }
    var platform: Platform?
    if let text = stage.platform {
      let expansion = try expand(text, arguments, expander, at: range)
      used.formUnion(expansion.used)
      Self.lint(stage, platform: text, expansion, arguments, &findings)
      guard !expansion.text.isEmpty else {
        throw FrontendError(.emptyPlatform(text, unset: expansion.unset.sorted()), at: range)
      }
      platform = Platform(expansion.text)
      guard platform != nil else {
        throw FrontendError(.invalidPlatform(expansion.text), at: range)
      }
    }
    let name = stage.name ?? "stage-\(stage.index)"
    if let stageName = stage.name, let context = namedContext(stageName, platform) {
      let origin = origin(of: context, platform: platform)
      var node = Node(stage: stage, name: name, base: origin, platform: platform)
      node.isReplaced = true
      nodes.append(node)
    } else {
      // Exact, against names in lower case: `FROM Builder` is an image.
      let origin =
        if let index = indexes[base.text] {
          Origin.stage(index)
        } else {
          try origin(of: base.text, platform: platform, at: range)
        }
      nodes.append(Node(stage: stage, name: name, base: origin, platform: platform))
    }
    nodes[nodes.count - 1].usedArguments = used
    if let stageName = stage.name { indexes[stageName.lowercased()] = nodes.count - 1 }
  }

  private mutating func expand(
    _ word: String, _ arguments: GlobalArguments, _ expander: Expander, at range: SourceRange
  ) throws(FrontendError) -> Expansion {
    do {
      return try expander.expand(word) { arguments.environment[$0] }
    } catch {
      throw FrontendError(.expansion(error, word: word), at: range)
    }
  }

  // MARK: - Origins

  /// Where an image's name leads: a named context, `scratch`, or the image itself.
  private func origin(
    of name: String, platform: Platform?, at range: SourceRange
  ) throws(FrontendError) -> Origin {
    if name == "scratch" { return .scratch }
    if let context = namedContext(name, platform) {
      return origin(of: context, platform: platform)
    }
    do {
      let reference = try Reference(name)
      return .image(request("\(reference)", platform))
    } catch {
      let stage = indexes[name.lowercased()] == nil ? nil : name.lowercased()
      throw FrontendError(.invalidReference(error, stage: stage), at: range)
    }
  }

  private func origin(of context: NamedContext, platform: Platform?) -> Origin {
    switch context {
    case .image("scratch"): .scratch
    case .image(let reference): .image(request(reference, platform))
    case .local(let name): .local(name)
    case .host: .host
    case .remote(let source): .remote(source)
    }
  }

  private func request(_ reference: String, _ platform: Platform?) -> ImageRequest {
    ImageRequest(reference: reference, platform: platform ?? options.targetPlatform)
  }

  /// `name::platform` is for that platform alone, and goes before `name`.
  private func namedContext(_ name: String, _ platform: Platform?) -> NamedContext? {
    guard !["scratch", "context"].contains(name.lowercased()) else { return nil }
    let key = Self.contextKey(name)
    let platform = (platform ?? options.targetPlatform).normalized
    return namedContexts["\(key)::\(platform)"] ?? namedContexts[key]
  }

  /// `alpine`, `alpine:latest` and `docker.io/library/alpine` are the same context.
  private static func contextKey(_ name: String) -> String {
    if let separator = name.firstRange(of: "::"),
      let platform = Platform(String(name[separator.upperBound...]))
    {
      return contextKey(String(name[..<separator.lowerBound])) + "::\(platform)"
    }
    guard let reference = try? Reference(name) else { return name.lowercased() }
    let familiar = reference.familiar
    return familiar.hasSuffix(":latest") ? String(familiar.dropLast(7)) : familiar
  }

  /// A step with the origins of its `--from`s.
  private func step(
    _ instruction: Instruction, at range: SourceRange, isTrigger: Bool = false
  ) throws(FrontendError) -> Step {
    var step = Step(instruction: instruction, range: range, isTrigger: isTrigger)
    switch instruction.kind {
    case .copy(let copy):
      if let from = copy.from, !from.isEmpty { step.origins = [try source(from, at: range)] }
    case .run(let run):
      for mount in run.mounts {
        // A number is an image's name here, not a stage's.
        let from = mount.from.flatMap { $0.isEmpty ? nil : $0 }
        try refuseVariable(from, at: range)
        if let from {
          step.origins.append(try stageOrOrigin(from, at: range))
        } else {
          step.origins.append(nil)
        }
      }
    default: break
    }
    return step
  }

  private func source(_ from: String, at range: SourceRange) throws(FrontendError) -> Origin {
    try refuseVariable(from, at: range)
    guard let number = Int(from) else { return try stageOrOrigin(from, at: range) }
    guard nodes.indices.contains(number) else {
      throw FrontendError(.unknownStageNumber(number, count: nodes.count), at: range)
    }
    return .stage(number)
  }

  private func stageOrOrigin(
    _ name: String, at range: SourceRange
  ) throws(FrontendError) -> Origin {
    if let index = indexes[name.lowercased()] { return .stage(index) }
    return try origin(of: name, platform: nil, at: range)
  }

  private func refuseVariable(_ from: String?, at range: SourceRange) throws(FrontendError) {
    // As BuildKit has it: a dollar sign with something after it.
    guard let from, from.dropLast().contains("$") else { return }
    throw FrontendError(.variableInFrom(from), at: range)
  }

  // MARK: - What is needed

  /// The stage to build.
  func target() throws(FrontendError) -> Int {
    guard let name = options.target, !name.isEmpty else { return nodes.count - 1 }
    if let index = indexes[name.lowercased()] { return index }
    if let number = Int(name), nodes.indices.contains(number) { return number }
    throw FrontendError(
      .unknownTarget(name, stages: nodes.compactMap(\.stage.name)), at: nil)
  }

  /// The stages that `target` needs, itself included, in order.
  func reachable(from target: Int) -> [Int] {
    var reached: Set<Int> = []
    var pending = [target]
    while let index = pending.popLast() {
      guard reached.insert(index).inserted else { continue }
      for case .stage(let next) in [nodes[index].base] + nodes[index].dependencies {
        pending.append(next)
      }
    }
    return reached.sorted()
  }

  /// The images that these stages need, each with the first line that asks for it.
  func imageRequests(of stages: [Int]) -> [(request: ImageRequest, range: SourceRange)] {
    var seen: Set<ImageRequest> = []
    var requests: [(ImageRequest, SourceRange)] = []
    func note(_ origin: Origin?, _ range: SourceRange) {
      guard case .image(let request) = origin, seen.insert(request).inserted else { return }
      requests.append((request, range))
    }
    for index in stages {
      note(nodes[index].base, nodes[index].stage.fromRange)
      for step in nodes[index].steps {
        for origin in step.origins { note(origin, step.range) }
      }
    }
    return requests
  }

  /// Stages cannot need each other; bases cannot either, since they come earlier.
  private func refuseCycles() throws(FrontendError) {
    let needs = nodes.map(\.dependencies)
    var done: Set<Int> = []
    for start in nodes.indices where !done.contains(start) {
      // Each entry is a stage on the path, and how many of its needs have been looked at.
      var path: [(index: Int, next: Int)] = [(start, 0)]
      while let last = path.last {
        let dependencies = needs[last.index]
        guard last.next < dependencies.count else {
          done.insert(last.index)
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        guard case .stage(let needed) = dependencies[last.next], !done.contains(needed) else {
          continue
        }
        if let first = path.firstIndex(where: { $0.index == needed }) {
          let names = (path[first...].map(\.index) + [needed]).map { nodes[$0].name }
          let range = nodes[last.index].steps.first {
            $0.origins.contains(.stage(needed))
          }?.range
          throw FrontendError(.circularDependency(names), at: range)
        }
        path.append((needed, 0))
      }
    }
  }

  // MARK: - Triggers

  /// Puts the `ONBUILD` triggers of the stage's base in front of its steps, once; true where
  /// they need something that was not needed before.
  mutating func fireTriggers(
    of index: Int, baseConfiguration: ImageConfiguration?
  ) throws(FrontendError) -> Bool {
    guard !nodes[index].hasTriggers, !nodes[index].isReplaced else { return false }
    nodes[index].hasTriggers = true
    let range = nodes[index].stage.fromRange
    var steps: [Step] = []
    for text in triggers(of: nodes[index].base, baseConfiguration) {
      let (instruction, diagnostics) = Dockerfile.parseInstruction(text)
      let errors = diagnostics.filter { $0.severity == .error }
      guard errors.isEmpty, let instruction else {
        let diagnostic = errors.first ?? SyntaxDiagnostic(.error, "it is empty", at: range)
        throw FrontendError(.trigger(text, diagnostic), at: range)
      }
      steps.append(try step(instruction, at: range, isTrigger: true))
    }
    nodes[index].steps.insert(contentsOf: steps, at: 0)
    let needs = steps.contains { $0.origins.contains { $0 != nil } }
    if needs { try refuseCycles() }
    return needs
  }

  private func triggers(of base: Origin, _ configuration: ImageConfiguration?) -> [String] {
    guard case .stage(let parent) = base else { return configuration?.process.onBuild ?? [] }
    return nodes[parent].steps.compactMap { step in
      if case .onbuild(let onbuild) = step.instruction.kind { onbuild.text } else { nil }
    }
  }
}
