internal import BuildGraph
import Glibc
internal import OCI
internal import Reporting
internal import Snapshots
internal import SystemPackage

/// Finds the state that each vertex makes, doing as little as it can.
///
/// A vertex is asked two questions. *What stands for your result?* is answered from definitions and
/// cheap digests, and from the cache's records. *What is your result?* runs the step only where no
/// record was found. Each question is answered once a build; vertices that do not depend on each
/// other are worked on at the same time, and equal steps of several processes share one run.
actor Solver {
  let plan: JointPlan
  let stores: EngineStores
  let inputs: BuildInputs
  private let files: FileHandler
  private let executions: ExecutionHandler
  let sources: RemoteSources
  let running: Turnstile
  /// The steps whose layers an image has.
  private let imageSteps: Set<Int>

  private(set) var resolutions: [Int: Task<Resolution, any Error>] = [:]
  private var states: [Int: Task<FileSystemState, any Error>] = [:]
  var remotes: [Int: Task<RemoteState, any Error>] = [:]
  /// Sources that were looked up and whose files nobody has wanted yet.
  var openSources: Set<Int> = []
  /// What is remembered of the steps that ran.
  private(set) var made: [Int: CacheRecord] = [:]
  /// Whether nothing new may begin.
  private(set) var isStopping = false
  /// The first thing that went wrong; what was stopped because of it is no failure of its own.
  private(set) var failure: (any Error)?
  /// The keys under which this build wrote records.
  private(set) var writtenKeys: Set<Digest> = []

  init(_ plan: JointPlan, stores: EngineStores, inputs: BuildInputs) {
    self.plan = plan
    self.stores = stores
    self.inputs = inputs
    let trees = StateTrees(stores: stores, inputs: inputs)
    files = FileHandler(plan: plan, stores: stores, inputs: inputs, trees: trees)
    executions = ExecutionHandler(stores: stores, inputs: inputs, trees: trees)
    sources = RemoteSources(stores: stores, inputs: inputs)
    imageSteps = plan.imageSteps
    running = Turnstile(limit: max(4, 2 * sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// The states that vertices make.
  func states(of indexes: [Int]) async throws -> [FileSystemState] {
    for index in indexes { begin(index) }
    var states: [FileSystemState] = []
    for index in indexes { states.append(try await state(of: index)) }
    return states
  }

  /// The layers of a vertex, if somebody has asked for them.
  func knownLayers(of index: Int) async -> [LayerID]? {
    guard let task = states[index] else { return nil }
    return try? await task.value.layers
  }

  /// The state that a vertex makes.
  func state(of index: Int) async throws -> FileSystemState {
    try await begin(index).value
  }

  /// Works a vertex out, unless that is under way. The first failure stops all others.
  @discardableResult
  private func begin(_ index: Int) -> Task<FileSystemState, any Error> {
    if let task = states[index] { return task }
    let task = Task { try await stoppingOnFailure { try await makeState(of: index) } }
    if isStopping { task.cancel() }
    states[index] = task
    return task
  }

  func stoppingOnFailure<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch {
      if failure == nil, !(error is CancellationError) { failure = error }
      cancel()
      throw error
    }
  }

  /// Stops everything that is under way.
  func cancel() {
    isStopping = true
    for task in resolutions.values { task.cancel() }
    for task in states.values { task.cancel() }
    for task in remotes.values { task.cancel() }
  }

  /// Stops everything that is under way and waits until nothing of it is left.
  func finish() async {
    cancel()
    var ended = -1
    // What ends may have begun something just before.
    while ended != states.count + resolutions.count + remotes.count {
      ended = states.count + resolutions.count + remotes.count
      for task in states.values { _ = await task.result }
      for task in resolutions.values { _ = await task.result }
      for task in remotes.values { _ = await task.result }
    }
    for index in openSources.sorted() { report(.stepFinished(step(index), .cached)) }
    openSources = []
  }

  /// Makes what was learnt outlive a restart.
  func confirm() async throws {
    let (keys, records, sources) = (writtenKeys, stores.records, sources)
    // A build that is cancelled keeps what it has learnt: this task is not.
    try await Task {
      try await BlockingWork.run {
        try records.confirm(keys)
        try sources.confirm()
      }
    }.value
  }

  func step(_ index: Int) -> StepID { StepID(inputs.firstStep + index) }

  func report(_ event: BuildEvent) { inputs.reporter.report(event) }

  // MARK: - What stands for a result

  /// What is known of a step before its result is needed.
  struct Resolution: Sendable {
    /// The keys a record is found under: by definition first, then by the content of what is
    /// copied and mounted; one where both are the same.
    var keys: [StepKey]
    var record: CacheRecord?
    /// What is copied, for steps that copy.
    var selections: [Int: SourceSelection] = [:]

    /// What stands for the result in the keys of later steps.
    var identity: Digest {
      record?.identity ?? keys[keys.count - 1].digest
    }
  }

  func identity(of index: Int) async throws -> Digest {
    let vertex = plan.vertices[index]
    switch vertex.operation {
    case .source(.host):
      guard let host = inputs.host else {
        throw EngineError(vertex: vertex, cause: .hostUnavailable)
      }
      return host.identity
    case .source(.http), .source(.git), .source(.upload): return try await remote(index).identity
    case .source(let source):
      return StepKey([.init("source", Operation.source(source).keyDigest.hex)]).digest
    case .merge:
      var parts: [CacheRecord.KeyPart] = [.init("operation", "merge")]
      for input in vertex.inputs {
        parts.append(.init("input", try await identity(of: input).hex))
      }
      return StepKey(parts).digest
    case .execute, .file:
      // What runs although it is in the cache has a result of its own; so have the steps after it.
      if vertex.ignoresCache {
        _ = try await state(of: index)
        if let record = made[index] { return record.identity }
      }
      return try await resolution(of: index).identity
    }
  }

  private func resolution(of index: Int) async throws -> Resolution {
    try await beginResolution(index).value
  }

  @discardableResult
  private func beginResolution(_ index: Int) -> Task<Resolution, any Error> {
    if let task = resolutions[index] { return task }
    let task = Task { try await stoppingOnFailure { try await makeResolution(of: index) } }
    if isStopping { task.cancel() }
    resolutions[index] = task
    return task
  }

  private func makeResolution(of index: Int) async throws -> Resolution {
    let vertex = plan.vertices[index]
    // Inputs are looked up at the same time, and those that are not in the cache run at the same time:
    // whatever stands on a step without a record will not be found either.
    for input in vertex.inputs { beginResolution(input) }
    do {
      let resolution: Resolution
      switch vertex.operation {
      case .file(let actions): resolution = try await resolve(vertex, copying: actions)
      case .execute(let execution): resolution = try await resolve(vertex, executing: execution)
      case .source, .merge: return Resolution(keys: [])
      }
      if resolution.record == nil { begin(index) }
      return resolution
    } catch {
      throw EngineError.wrapping(error, vertex)
    }
  }

  /// The parts of a key that every step has, and the identity of what it works on.
  private func commonParts(_ vertex: Vertex) async throws -> [CacheRecord.KeyPart] {
    var parts: [CacheRecord.KeyPart] = [
      .init("definition", vertex.operation.keyDigest.hex)
    ]
    if let base = vertex.inputs.first {
      parts.append(.init("base", try await identity(of: base).hex))
    }
    return parts
  }

  private func resolve(_ vertex: Vertex, copying actions: [FileAction]) async throws -> Resolution {
    let parts = try await commonParts(vertex)
    var selections: [Int: SourceSelection] = [:]
    var byDefinition = parts
    var needsContent: [(Int, CopyAction)] = []
    for (number, action) in actions.enumerated() {
      guard case .copy(let copy) = action else { continue }
      let input = vertex.inputs[copy.input]
      if case .source(.context) = plan.vertices[input].operation {
        let (selection, digest) = try await files.select(copy, from: state(of: input))
        selections[number] = selection
        byDefinition.append(.init("files \(number)", digest.hex))
      } else {
        needsContent.append((number, copy))
        byDefinition.append(.init("source \(number)", try await identity(of: input).hex))
      }
    }
    let key = StepKey(byDefinition)
    let record = try await find(key, vertex)
    if needsContent.isEmpty || record != nil {
      return Resolution(keys: [key], record: record, selections: selections)
    }
    for input in vertex.inputs { begin(input) }
    var byContent = byDefinition.filter { !$0.name.hasPrefix("source ") }
    for (number, copy) in needsContent {
      let (selection, digest) = try await files.select(
        copy, from: state(of: vertex.inputs[copy.input]))
      selections[number] = selection
      byContent.append(.init("files \(number)", digest.hex))
    }
    let contentKey = StepKey(byContent)
    return Resolution(
      keys: [key, contentKey], record: try await find(contentKey, vertex, alias: key),
      selections: selections)
  }

  private func resolve(_ vertex: Vertex, executing execution: Execution) async throws -> Resolution
  {
    var byDefinition = try await commonParts(vertex)
    var stageMounts: [(Int, BindMount)] = []
    for (number, mount) in execution.mounts.enumerated() {
      guard let bind = mount.inputMount else { continue }
      let input = vertex.inputs[bind.input]
      switch plan.vertices[input].operation {
      case .source(.context):
        let digest = try await files.contentDigest(of: bind.source, in: state(of: input))
        byDefinition.append(.init("files \(number)", digest.hex))
      case .source:
        byDefinition.append(.init("files \(number)", try await identity(of: input).hex))
      default:
        stageMounts.append((number, bind))
        byDefinition.append(.init("source \(number)", try await identity(of: input).hex))
      }
    }
    let key = StepKey(byDefinition)
    let record = try await find(key, vertex)
    if stageMounts.isEmpty || record != nil { return Resolution(keys: [key], record: record) }
    for input in vertex.inputs { begin(input) }
    var byContent = byDefinition.filter { !$0.name.hasPrefix("source ") }
    for (number, bind) in stageMounts {
      let digest = try await files.contentDigest(
        of: bind.source, in: state(of: vertex.inputs[bind.input]))
      byContent.append(.init("files \(number)", digest.hex))
    }
    let contentKey = StepKey(byContent)
    return Resolution(
      keys: [key, contentKey], record: try await find(contentKey, vertex, alias: key))
  }

  /// The record of a key: this machine's, else one that is made of what a shared cache has. It is
  /// remembered under `alias` too. One with a layer comes before one without.
  private func find(
    _ key: StepKey, _ vertex: Vertex, alias: StepKey? = nil
  ) async throws -> CacheRecord? {
    if vertex.ignoresCache { return nil }
    var found = ownRecord(of: key)
    if found?.layer == nil, let shared = try await sharedRecord(of: key, vertex) { found = shared }
    if let found, let alias { remember(found, under: alias) }
    return found
  }

  private func ownRecord(of key: StepKey) -> CacheRecord? {
    guard let record = stores.records.record(for: key.digest) else { return nil }
    guard let layer = record.layer, !stores.layers.contains(layer) else { return record }
    stores.records.remove(key.digest)
    return nil
  }

  /// A step of a shared cache counts if it was run on the layers that it would lie on here: what a step
  /// makes that was run on others need not fit.
  private func sharedRecord(of key: StepKey, _ vertex: Vertex) async throws -> CacheRecord? {
    guard let caches = inputs.caches, let base = vertex.inputs.first else { return nil }
    let (layers, encoding) = (stores.layers, inputs.encoding)
    let step = try await caches.step(key.digest) { step in
      let stack = try await self.state(of: base).layers
      return try await BlockingWork.run {
        try layers.stack(stack, matches: step.base, encoding: encoding)
      }
    }
    guard let step else { return nil }
    var layer: LayerID?
    if let portable = step.layer {
      layer = try await BlockingWork.run { try layers.take(portable) }
    } else if let own = ownRecord(of: key) {
      // Another process may have run it meanwhile.
      return own
    }
    let record = CacheRecord(
      identity: step.identity, layer: layer, label: vertex.label, keys: step.keys)
    remember(record, under: key)
    return record
  }

  /// A record that cannot be written costs a later build time, and this one nothing.
  private func remember(_ record: CacheRecord, under key: StepKey) {
    var record = record
    record.parts = key.parts
    if (try? stores.records.write(record, for: key.digest)) != nil {
      writtenKeys.insert(key.digest)
    }
  }

  // MARK: - The result

  private func makeState(of index: Int) async throws -> FileSystemState {
    let vertex = plan.vertices[index]
    do {
      switch vertex.operation {
      case .source(.scratch): return FileSystemState()
      case .source(.host): return FileSystemState(base: .host)
      case .source(.context(let context)): return FileSystemState(base: .context(context.name))
      case .source(.image(let image)): return try stores.state(of: image)
      case .source(.http), .source(.git), .source(.upload): return try await fetched(index)
      case .merge: return try await merge(vertex)
      case .execute, .file: return try await result(of: index, vertex)
      }
    } catch {
      throw EngineError.wrapping(error, vertex)
    }
  }

  private func merge(_ vertex: Vertex) async throws -> FileSystemState {
    var result = try await state(of: vertex.inputs[0])
    for input in vertex.inputs.dropFirst() {
      result.layers += try await state(of: input).layers
    }
    return result
  }

  private func result(of index: Int, _ vertex: Vertex) async throws -> FileSystemState {
    let resolution = try await resolution(of: index)
    let base = try await state(of: vertex.inputs[0])
    let step = self.step(index)
    inputs.reporter.report(.stepAnnounced(step, name: vertex.label))
    if let layer = resolution.record?.layer {
      inputs.layerFound?(layer)
      inputs.reporter.report(.stepFinished(step, .cached))
      return ready(base.adding(layer), index)
    }
    for input in vertex.inputs { begin(input) }
    var states: [FileSystemState] = []
    for input in vertex.inputs { states.append(try await state(of: input)) }
    do {
      let layer = try await run(index, vertex, resolution, states: states)
      return ready(base.adding(layer), index)
    } catch {
      inputs.reporter.report(.stepFinished(step, StepOutcome(endedBy: error)))
      throw error
    }
  }

  /// Tells of a layer that an image will have.
  private func ready(_ state: FileSystemState, _ index: Int) -> FileSystemState {
    if let layerReady = inputs.layerReady, imageSteps.contains(index) { layerReady(state) }
    return state
  }

  /// Runs a step, unless another process is found to have done so meanwhile.
  private func run(
    _ index: Int, _ vertex: Vertex, _ resolution: Resolution, states: [FileSystemState]
  ) async throws -> LayerID {
    let step = self.step(index)
    let key = resolution.keys[resolution.keys.count - 1]
    let lockPath = stores.home.appending("locks").appending("step-\(key.digest.short)")
    let lock = try await BlockingWork.wait {
      try FileLock(transient: lockPath)
    } givingBack: {
      $0.releaseRemoving(lockPath)
    }
    defer { lock.releaseRemoving(lockPath) }
    if !vertex.ignoresCache, let record = ownRecord(of: key), let layer = record.layer {
      made[index] = record
      inputs.layerFound?(layer)
      inputs.reporter.report(.stepFinished(step, .cached))
      return layer
    }
    let (files, executions) = (files, executions)
    let layer = try await running.pass {
      self.inputs.reporter.report(.stepStarted(step))
      switch vertex.operation {
      case .file(let actions):
        return try await files.run(
          actions, vertex: index, selections: resolution.selections, states: states)
      case .execute(let execution):
        return try await executions.run(execution, vertex: vertex, step: step, states: states)
      case .source, .merge: throw EngineError(vertex: vertex, cause: .unsupported("not a step"))
      }
    }
    // What others ran stands for the same.
    var identity = resolution.identity
    if vertex.ignoresCache {
      identity = StepKey([.init("key", key.digest.hex), .init("layer", "\(layer)")]).digest
    }
    let record = CacheRecord(
      identity: identity, layer: layer, label: vertex.label,
      keys: resolution.record?.keys ?? resolution.keys.map(\.digest))
    made[index] = record
    for key in resolution.keys { remember(record, under: key) }
    inputs.reporter.report(.stepFinished(step, .done))
    return layer
  }
}
