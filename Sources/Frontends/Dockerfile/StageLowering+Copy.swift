import BuildGraph
import DockerfileSyntax
import OCI

/// `COPY` and `ADD`.
extension StageLowering {
  mutating func lowerCopy(
    _ copy: CopyInstruction, _ step: StageGraph.Step
  ) throws(FrontendError) {
    let files = try expand(copy, step)
    try checkPatterns(copy.exclude, step)
    if step.origins.isEmpty { lint(sources: files.localSources, step) }
    let text = StepLabel.text(of: step.instruction)
    let stepLabel = label.next(text, isTrigger: step.isTrigger)

    // Symbolic or octal, a mode needs no merge: BuildKit then ignores `--link`.
    let isLinked = copy.link && files.mode == nil
    let below =
      isLinked ? source(.scratch, label: "FROM scratch", lines: nil) : state.vertex
    let (actions, origins) = try actions(of: files, copy, step, isLinked: isLinked)
    var vertex = add(
      .file(actions), inputs: [below] + origins, label: stepLabel, step: step)
    if isLinked {
      let merged = stepLabel.replacing(text: "] ", with: "] LINK ")
      vertex = add(.merge, inputs: [state.vertex, vertex], label: merged, step: step)
    }
    state.record(files.createdBy, layerOf: vertex)
  }

  /// An instruction's words, expanded.
  private struct ExpandedCopy {
    var name: InstructionName
    /// As they were written, for the history.
    var sources: [String]
    var origins: [CopySource]
    var documents: [(name: String, contents: [UInt8])]
    var destination: String
    var owner: String?
    var mode: ModeChange?
    var keepsParents: Bool

    /// As BuildKit writes it in the history.
    var createdBy: String {
      var words = [name.rawValue]
      if keepsParents { words.append("--parents") }
      if let owner { words.append("--chown=\(owner)") }
      if let mode { words.append("--chmod=\(mode.text)") }
      words += sources + documents.map { "<<" + $0.name } + [destination, "# buildkit"]
      return words.joined(separator: " ")
    }

    /// The sources that `.dockerignore` may hide.
    var localSources: [String] {
      origins.flatMap { origin -> [String] in
        if case .local(let paths) = origin { paths } else { [] }
      }
    }
  }

  private mutating func expand(
    _ copy: CopyInstruction, _ step: StageGraph.Step
  ) throws(FrontendError) -> ExpandedCopy {
    let name = step.instruction.name
    let owner = try expand(optional: copy.chown, step).flatMap { $0.isEmpty ? nil : $0 }
    let mode = try modeChange(try expand(optional: copy.chmod, step), step)
    let checksum = try expand(optional: copy.checksum, step).flatMap { $0.isEmpty ? nil : $0 }
    let sources = try expand(copy.sources, step)
    let destination = try expand(copy.destination, step)
    let origins: [CopySource]
    do {
      origins = try CopySource.sources(
        sources, of: name, checksum: checksum, keepsGitDirectory: copy.keepGitDir)
    } catch {
      throw FrontendError(.remoteSource(error), at: step.range)
    }
    var documents: [(name: String, contents: [UInt8])] = []
    for heredoc in copy.heredocs {
      documents.append((heredoc.name, try contents(of: heredoc, step)))
    }
    return ExpandedCopy(
      name: name, sources: sources, origins: origins, documents: documents,
      destination: destination, owner: owner, mode: mode, keepsParents: copy.parents)
  }

  /// A pattern that cannot be read is better told here than when the step runs.
  private func checkPatterns(
    _ patterns: [String], _ step: StageGraph.Step
  ) throws(FrontendError) {
    do {
      _ = try PatternMatcher(patterns)
    } catch {
      throw FrontendError(.instruction(InstructionError("\(error)")), at: step.range)
    }
  }

  private func modeChange(
    _ text: String?, _ step: StageGraph.Step
  ) throws(FrontendError) -> ModeChange? {
    guard let text, !text.isEmpty else { return nil }
    do {
      _ = try FileModeChange.parse(text)
    } catch {
      throw FrontendError(.instruction(error), at: step.range)
    }
    return ModeChange(text: text)
  }

  private mutating func contents(
    of heredoc: Heredoc, _ step: StageGraph.Step
  ) throws(FrontendError) -> [UInt8] {
    guard heredoc.expands else { return heredoc.body }
    let environment = state.environment
    do {
      let (text, _, unset) = try Expander.expandDocument(heredoc.body) { environment[$0] }
      lint(unset: unset, step)
      return text
    } catch {
      throw FrontendError(.expansion(error, word: "<<" + heredoc.name), at: step.range)
    }
  }

  /// What the vertex does, and what it copies from besides its first input.
  private mutating func actions(
    of files: ExpandedCopy, _ copy: CopyInstruction, _ step: StageGraph.Step, isLinked: Bool
  ) throws(FrontendError) -> (actions: [FileAction], origins: [Int]) {
    let destination = ImagePath.destination(state.workingDirectory, files.destination)
    var actions: [FileAction] = []
    var origins: [Int] = []
    for source in files.origins {
      let (vertex, paths) = try vertex(of: source, copy, step)
      if !origins.contains(vertex) { origins.append(vertex) }
      let input = (origins.firstIndex(of: vertex) ?? 0) + 1
      var action = CopyAction(input: input, sources: paths, destination: destination)
      action.time = arguments.sourceDateEpoch
      action.owner = files.owner
      action.mode = files.mode
      action.keepsParents = copy.parents
      action.excludes = copy.exclude
      action.unpacksArchives = files.name == .add && source.isUnpacked(copy.unpack)
      action.followsNothing = isLinked
      actions.append(.copy(action))
    }
    if files.origins.isEmpty, let needed = step.origins.first ?? nil {
      // Nothing is read from it, but that it comes too late is an error all the same.
      _ = try vertex(of: needed, for: step)
    }
    for document in files.documents {
      var action = MakeFileAction(
        name: document.name, destination: destination, contents: document.contents)
      action.time = arguments.sourceDateEpoch
      action.owner = files.owner
      action.mode = files.mode
      actions.append(.makeFile(action))
    }
    return (actions, origins)
  }

  /// What a source is copied from, and which of its paths.
  private mutating func vertex(
    of source: CopySource, _ copy: CopyInstruction, _ step: StageGraph.Step
  ) throws(FrontendError) -> (vertex: Int, paths: [String]) {
    switch source {
    case .local(let paths):
      let vertex = try contextVertex(step.origins.first ?? nil, step)
      return (vertex, paths.map { Self.source($0, keepsParents: copy.parents) })
    case .http(let http):
      let label = "[internal] fetch \(http.shown)"
      let vertex = self.source(.http(http), label: label, lines: step.range.lines)
      return (vertex, [GoPathMatch.quoting(http.fileName)])
    case .git(let git):
      let label = "[internal] fetch \(git.label)"
      return (self.source(.git(git), label: label, lines: step.range.lines), ["."])
    }
  }

  /// Sources are relative to the root of what is copied from, however they are written. With
  /// `--parents`, `/./` has a meaning and stays.
  private static func source(_ text: String, keepsParents: Bool) -> String {
    func relative(_ path: some StringProtocol) -> String {
      String(ImagePath.clean(String(path)).dropFirst())
    }
    if keepsParents, let pivot = text.firstRange(of: "/./") {
      let parent = relative(text[..<pivot.lowerBound])
      return (parent.isEmpty ? "." : parent) + "/./" + relative(text[pivot.upperBound...])
    }
    let path = relative(text)
    return path.isEmpty ? "." : path
  }
}

extension String {
  /// The text with the first occurrence of `text` replaced.
  fileprivate func replacing(text: String, with replacement: String) -> String {
    guard let range = firstRange(of: text) else { return self }
    return String(self[..<range.lowerBound]) + replacement + String(self[range.upperBound...])
  }
}
