internal import BuildGraph
internal import OCI
internal import Reporting
internal import Snapshots

/// Sources on other machines: looked up for the keys, fetched when their files are wanted.
extension Solver {
  /// What a source on another machine is, asked for once.
  func remote(_ index: Int) async throws -> RemoteState {
    if let task = remotes[index] { return try await task.value }
    let task = Task { try await stoppingOnFailure { try await lookUp(index) } }
    if isStopping { task.cancel() }
    remotes[index] = task
    return try await task.value
  }

  /// It is a step that people see where somebody has to be asked.
  private func lookUp(_ index: Int) async throws -> RemoteState {
    let vertex = plan.vertices[index]
    guard case .source(let source) = vertex.operation else {
      throw EngineError(vertex: vertex, cause: .unsupported("not a source"))
    }
    if !source.isPinned { announce(index) }
    return try await reportingFailure(of: index) {
      guard let state = try await sources.resolve(source) else {
        throw EngineError(vertex: vertex, cause: .unsupported("not a source of another machine"))
      }
      if source.isPinned { return state }
      if state.layer == nil {
        openSources.insert(index)
      } else {
        report(.stepFinished(step(index), state.isNew ? .done : .cached))
      }
      return state
    }
  }

  /// The state of a source on another machine.
  func fetched(_ index: Int) async throws -> FileSystemState {
    let state = try await remote(index)
    if let layer = state.layer { return FileSystemState(layers: [layer]) }
    if openSources.remove(index) == nil { announce(index) }
    return try await reportingFailure(of: index) {
      let layer = try await running.pass { try await self.sources.layer(of: state) }
      report(.stepFinished(step(index), .done))
      return FileSystemState(layers: [layer])
    }
  }

  private func announce(_ index: Int) {
    report(.stepAnnounced(step(index), name: plan.vertices[index].label))
    report(.stepStarted(step(index)))
  }

  private func reportingFailure<Result: Sendable>(
    of index: Int, _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch {
      report(.stepFinished(step(index), StepOutcome(endedBy: error)))
      throw EngineError.wrapping(error, plan.vertices[index])
    }
  }
}

extension Source {
  /// Whether it means the same content whatever other machines say.
  fileprivate var isPinned: Bool {
    switch self {
    case .http(let source): source.checksum != nil
    case .git(let source):
      source.commit != nil || source.reference.map(GitReference.isCommit) == true
    case .upload, .scratch, .image, .context, .host: true
    }
  }
}
