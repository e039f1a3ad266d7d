import BuildGraph
import DockerfileSyntax
import OCI

/// Turns stages into vertices, one instruction after the other. The instructions themselves are in
/// `StageLowering+….swift`.
struct StageLowering {
  let graph: StageGraph
  let images: ImageCatalog
  let arguments: GlobalArguments
  let options: FrontendOptions
  let expander: Expander

  /// What the lint rules have found so far.
  var findings: FindingLog
  let ignoredFiles: CopyIgnoredFile
  var undefinedVar = UndefinedVar()
  /// What the stages so far can be told.
  private(set) var outline = OutlineCapture()
  /// The stage's instructions that may stand once.
  var occurrences = MultipleInstructionsDisallowed()
  private var vertices: [Vertex] = []
  /// Sources are shared between stages.
  private var sources: [Source: Int] = [:]
  /// What is in the archive that is the main build context, once somebody needs it.
  private var unpackedContext: Int?
  private var finished: [Int: StageState] = [:]

  /// The stage at work.
  var node: StageGraph.Node
  var state: StageState
  var label = StepLabel(stage: nil, total: 0)

  init(
    graph: StageGraph, images: ImageCatalog, arguments: GlobalArguments, options: FrontendOptions,
    expander: Expander, findings: FindingLog
  ) {
    self.graph = graph
    self.images = images
    self.arguments = arguments
    self.options = options
    self.expander = expander
    self.findings = findings
    ignoredFiles = CopyIgnoredFile(options.ignorePatterns)
    node = graph.nodes[0]
    let platform = options.targetPlatform
    state = StageState(
      vertex: 0, configuration: ImageConfiguration(platform: platform), platform: platform)
  }

  /// The plan, once the target is lowered.
  mutating func finish(_ target: Int) throws(FrontendError) -> BuildPlan {
    guard let state = finished[target] else { throw FrontendError(.noStages, at: nil) }
    var configuration = state.configuration
    configuration.process.labels.merge(options.labels) { _, option in option }
    configuration.platform = finalPlatform(configuration.platform)
    configuration.rootFileSystem.diffIDs = []
    configuration.created = nil
    var plan = BuildPlan(target: state.vertex, configuration: configuration)
    plan.vertices = vertices
    plan.layerHistory = state.layerHistory
    plan.base = state.base
    return plan
  }

  /// `--platform` is written over what the base image says of itself.
  private func finalPlatform(_ own: Platform) -> Platform {
    guard let wanted = options.platform else { return own.normalized }
    let isSame = own.os == wanted.os && own.architecture == wanted.architecture
    var result = own
    result.os = wanted.os
    result.architecture = wanted.architecture
    if wanted.variant != nil || !isSame { result.variant = wanted.variant }
    if wanted.osVersion != nil || !isSame { result.osVersion = wanted.osVersion }
    if let features = wanted.osFeatures { result.osFeatures = features }
    return result.normalized
  }

  // MARK: - Stages

  /// Lowers a stage; those that it needs must be lowered before.
  mutating func lowerStage(_ index: Int) throws(FrontendError) {
    node = graph.nodes[index]
    label = StepLabel(
      stage: graph.nodes.count == 1 ? nil : node.name, total: Self.visibleSteps(of: node))
    if options.isOneOfSeveral {
      label.platform = "\(node.platform ?? options.targetPlatform)"
    }
    occurrences = MultipleInstructionsDisallowed()
    state = try startState()
    outline.begin(index, in: graph, arguments)
    if !node.isReplaced {
      adoptBaseConfiguration()
      for step in node.steps {
        try lower(step)
        note(step, in: index)
      }
    }
    state.finish()
    finished[index] = state
  }

  /// Notes what a step that has been lowered can be told.
  private mutating func note(_ step: StageGraph.Step, in stage: Int) {
    switch step.instruction.kind {
    case .arg(let declaration):
      let declared = state.arguments.suffix(declaration.arguments.count)
      for (argument, value) in zip(declaration.arguments, declared.map(\.value)) {
        let isInherited =
          argument.defaultValue == nil && arguments.buildArguments[argument.name] == nil
          && arguments.environment[argument.name] != nil
        outline.note(
          argument, value: value, isInherited: isInherited, at: step.range, in: stage)
      }
    case .run:
      guard case .execute(let execution) = vertices.last?.operation else { return }
      outline.note(execution.mounts, at: step.range, in: stage)
    default: return
    }
  }

  private static func visibleSteps(of node: StageGraph.Node) -> Int {
    let base =
      switch node.base {
      case .stage, .scratch: 0
      case .image, .local, .host, .remote: 1
      }
    return base
      + node.steps.count { step in
        switch step.instruction.kind {
        case .add, .copy, .run, .workdir: true
        default: false
        }
      }
  }

  /// What `FROM` starts with.
  private mutating func startState() throws(FrontendError) -> StageState {
    let range = node.stage.fromRange
    let platform = node.platform ?? options.targetPlatform
    switch node.base {
    case .stage(let parent):
      // Always earlier, so always lowered.
      guard var state = finished[parent] else { throw FrontendError(.noStages, at: range) }
      state.configuration.process.onBuild = []
      state.hasOwnCommand = false
      return state
    case .scratch:
      // `--platform` means nothing here.
      return emptyState(.scratch, platform: options.targetPlatform)
    case .image(let request):
      guard let image = images[request] else {
        guard images.isMissing(request) else { throw FrontendError(.noStages, at: range) }
        var state = emptyState(.scratch, platform: platform)
        state.isBaseUnknown = true
        return state
      }
      return startState(from: image, request)
    case .local(let name):
      return emptyState(.context(ContextSource(name: name)), platform: platform)
    case .remote(let source): return emptyState(source, platform: platform)
    case .host:
      guard options.buildPlatform.satisfies(platform) else {
        throw FrontendError(
          .foreignHost(node.stage.base, options.buildPlatform, wanted: platform), at: range)
      }
      var state = emptyState(.host, platform: platform)
      let directory = state.configuration.process.workingDirectory
      state.configuration.process = options.hostProcess
      if options.hostProcess.workingDirectory == nil {
        state.configuration.process.workingDirectory = directory
      }
      return state
    }
  }

  private mutating func startState(
    from image: ResolvedImage, _ request: ImageRequest
  ) -> StageState {
    var configuration = image.configuration
    configuration.process.onBuild = []
    let hasLayers = configuration.hasLayers
    lint(image, wanted: request.platform, at: node.stage.fromRange)
    let text = Self.label(of: image.source)
    let vertex =
      hasLayers
      ? source(.image(image.source), label: label.next("FROM " + text), lines: node.stage.lines)
      : source(.scratch, label: "FROM scratch", lines: nil)
    var state = StageState(
      vertex: vertex, configuration: configuration, platform: request.platform)
    state.base = image.source
    return state
  }

  private static func label(of image: ImageSource) -> String {
    let digest = "@\(image.descriptor.digest)"
    return image.reference.contains(digest) ? image.reference : image.reference + digest
  }

  private mutating func emptyState(_ source: Source, platform: Platform) -> StageState {
    let text =
      switch source {
      case .scratch: "FROM scratch"
      default: label.next("FROM " + node.stage.base)
      }
    let vertex = self.source(source, label: text, lines: node.stage.lines)
    var configuration = ImageConfiguration(platform: platform)
    // A stage that a named context stands in for has no configuration at all.
    if !node.isReplaced { configuration.process.workingDirectory = "/" }
    return StageState(vertex: vertex, configuration: configuration, platform: platform)
  }

  /// Every stage has a `PATH`, and starts with the environment of its base: also a base stage's
  /// `ENV` counts again over an `ARG` that came after it.
  private mutating func adoptBaseConfiguration() {
    if state.configuration.process.environmentValue("PATH") == nil, state.platform.os != "windows" {
      state.configuration.process.environment.append("PATH=" + Self.defaultPath)
    }
    for entry in state.configuration.process.environment { state.environment.append(entry: entry) }
    if let directory = state.configuration.process.workingDirectory, !directory.isEmpty {
      state.configuration.process.workingDirectory = ImagePath.workingDirectory(nil, directory)
    }
  }

  private static let defaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// What the next step's label says of platforms, after BuildKit's `prefixCommand`: a stage that has
  /// declared `TARGETPLATFORM` or its kin makes something for that platform.
  var labelPlatform: String? {
    guard options.isOneOfSeveral else { return nil }
    let own = state.platform.normalized
    guard let target = declaredTarget, target != own else { return "\(own)" }
    let architecture =
      [target.architecture, target.variant].compactMap(\.self).joined(separator: "/")
    if target.os != own.os { return "\(own)->\(target.os)/\(architecture)" }
    if target.architecture != own.architecture { return "\(own)->\(architecture)" }
    return target.variant.map { "\(own)->\($0)" } ?? "\(own)"
  }

  /// The platform that the arguments of the stage name.
  private var declaredTarget: Platform? {
    let environment = state.environment
    if let text = environment["TARGETPLATFORM"], let platform = Platform(text) { return platform }
    let names = ["TARGETOS", "TARGETARCH", "TARGETVARIANT"]
    let values = names.map { name in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    guard values.contains(where: { $0 != nil }) else { return nil }
    let isOwn = values[1] == nil || values[1] == state.platform.architecture
    return Platform(
      os: values[0] ?? state.platform.os, architecture: values[1] ?? state.platform.architecture,
      variant: values[2] ?? (isOwn ? state.platform.variant : nil)
    ).normalized
  }

  // MARK: - Vertices

  /// Adds a vertex of this stage.
  mutating func add(
    _ operation: Operation, inputs: [Int], label: String, step: StageGraph.Step
  ) -> Int {
    var vertex = Vertex(
      operation, inputs: inputs, label: label, lines: step.range.lines, stage: node.name)
    vertex.ignoresCache = ignoresCache && step.instruction.name != .workdir
    vertices.append(vertex)
    return vertices.count - 1
  }

  private var ignoresCache: Bool {
    if options.ignoresCache { return true }
    guard let name = node.stage.name else { return false }
    return options.stagesIgnoringCache.contains { $0.lowercased() == name }
  }

  /// The vertex of a source, shared by all that need it.
  mutating func source(_ source: Source, label: String, lines: ClosedRange<Int>?) -> Int {
    if let vertex = sources[source] { return vertex }
    vertices.append(Vertex(.source(source), label: label, lines: lines))
    sources[source] = vertices.count - 1
    return vertices.count - 1
  }

  /// The main build context.
  mutating func mainContext() -> Int {
    let label = "[internal] load build context"
    switch options.mainContext {
    case .files(let source): return self.source(source, label: label, lines: nil)
    case .archive(let source, let fileName):
      if let unpackedContext { return unpackedContext }
      let empty = self.source(.scratch, label: "FROM scratch", lines: nil)
      let archive = self.source(source, label: "[internal] fetch build context", lines: nil)
      let unpacking = FileAction.unpackingContext(fileName: fileName)
      vertices.append(Vertex(.file([unpacking]), inputs: [empty, archive], label: label))
      unpackedContext = vertices.count - 1
      return vertices.count - 1
    }
  }

  /// The files of an origin; the main build context where there is none.
  mutating func contextVertex(
    _ origin: StageGraph.Origin?, _ step: StageGraph.Step
  ) throws(FrontendError) -> Int {
    guard let origin else { return mainContext() }
    return try vertex(of: origin, for: step)
  }

  /// The files of an origin.
  mutating func vertex(
    of origin: StageGraph.Origin, for step: StageGraph.Step
  ) throws(FrontendError) -> Int {
    switch origin {
    case .stage(let index):
      guard let state = finished[index] else {
        throw FrontendError(
          .laterStage(graph.nodes[index].name, current: node.name), at: step.range)
      }
      return state.vertex
    case .scratch: return source(.scratch, label: "FROM scratch", lines: nil)
    case .local(let name):
      return source(
        .context(ContextSource(name: name)), label: "[context \(name)] load from client",
        lines: nil)
    case .host: return source(.host, label: "[internal] this machine", lines: nil)
    case .remote(let remote):
      return source(remote, label: "[internal] fetch a build context", lines: nil)
    case .image(let request):
      guard let image = images[request] else {
        guard images.isMissing(request) else { throw FrontendError(.noStages, at: step.range) }
        return source(.scratch, label: "FROM scratch", lines: nil)
      }
      lint(image, wanted: request.platform, at: step.range)
      let text = "FROM " + Self.label(of: image.source)
      return source(.image(image.source), label: text, lines: step.range.lines)
    }
  }

  // MARK: - Expansion

  /// Expands a word in the environment before the instruction.
  mutating func expand(_ word: String, _ step: StageGraph.Step) throws(FrontendError) -> String {
    try expansion(of: word, step).text
  }

  mutating func expand(
    _ words: [String], _ step: StageGraph.Step
  ) throws(FrontendError) -> [String] {
    var expanded: [String] = []
    for word in words { expanded.append(try expand(word, step)) }
    return expanded
  }

  mutating func expand(
    optional word: String?, _ step: StageGraph.Step
  ) throws(FrontendError) -> String? {
    guard let word else { return nil }
    return try expand(word, step)
  }

  mutating func expansion(
    of word: String, _ step: StageGraph.Step
  ) throws(FrontendError) -> Expansion {
    let expansion = try silentExpansion(of: word, step)
    lint(unset: expansion.unset, step)
    return expansion
  }

  /// Expands a word without a warning about variables that are not set.
  func silentExpansion(
    of word: String, _ step: StageGraph.Step
  ) throws(FrontendError) -> Expansion {
    do {
      return try expander.expand(word) { state.environment[$0] }
    } catch {
      throw FrontendError(.expansion(error, word: word), at: step.range)
    }
  }
}

extension ImageConfiguration {
  /// Whether an image of this configuration has any files.
  var hasLayers: Bool {
    !rootFileSystem.diffIDs.isEmpty || history.contains { $0.emptyLayer != true }
  }
}

extension SourceRange {
  var lines: ClosedRange<Int> { startLine...endLine }
}

extension Stage {
  var lines: ClosedRange<Int> { fromRange.lines }
}
