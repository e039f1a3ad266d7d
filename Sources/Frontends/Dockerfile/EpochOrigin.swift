package import BuildGraph
package import DockerfileSyntax
import OCI

/// What `SOURCE_DATE_EPOCH` may name besides the main build context (BuildKit's `epoch.go`).
package enum EpochOrigin: Hashable, Sendable {
  /// A named context that is fetched, or what a stage fetches that does nothing else.
  case source(Source)
  /// A context that knows no time.
  case timeless
}

/// Why a stage cannot say what time it is.
package enum EpochStageProblem: Hashable, Sendable {
  case notFromScratch
  case instruction(String)
  case notOneRemoteSource
}

extension EpochStageProblem {
  var message: String {
    switch self {
    case .notFromScratch: "SOURCE_DATE_EPOCH stage must use FROM scratch"
    case .instruction(let name):
      "SOURCE_DATE_EPOCH stage does not meet source-only requirements: "
        + "unsupported \(name) instruction"
    case .notOneRemoteSource: "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD source"
    }
  }
}

extension DockerfileFrontend {
  /// The named context or the stage that `SOURCE_DATE_EPOCH` names; nil where it names none. What it
  /// turns out to be goes into `FrontendOptions.namedEpochs`.
  ///
  /// Throws `FrontendError` for a stage that does more than to fetch one thing.
  package static func epochOrigin(
    of dockerfile: Dockerfile, options: FrontendOptions
  ) throws(FrontendError) -> (name: String, origin: EpochOrigin)? {
    let expander = Expander(escape: dockerfile.directives.escape)
    guard let name = epochName(dockerfile, options, expander) else { return nil }
    let contexts = options.namedContexts.filter {
      StageGraph.contextKey($0.key) == StageGraph.contextKey(name)
    }
    if let context = contexts.values.first {
      if case .remote(let source) = context { return (name, .source(source)) }
      return (name, .timeless)
    }
    guard let stage = dockerfile.stages.first(where: { $0.name == name.lowercased() }) else {
      return nil
    }
    do {
      let arguments = try GlobalArguments(
        dockerfile, options: options.withoutEpoch, expander: expander)
      let reader = EpochStageReader(
        arguments: arguments, buildArguments: options.buildArguments, expander: expander)
      return (name, .source(try reader.source(of: stage)))
    } catch {
      var error = error
      error.file = options.fileName
      throw error
    }
  }

  /// What is neither a number nor `context`.
  private static func epochName(
    _ dockerfile: Dockerfile, _ options: FrontendOptions, _ expander: Expander
  ) -> String? {
    do {
      _ = try GlobalArguments(dockerfile, options: options, expander: expander)
      return nil
    } catch {
      // All other errors come again when the plan is made.
      guard case .invalidEpoch(let name)? = error.problems.first?.reason else { return nil }
      return name
    }
  }
}

extension FrontendOptions {
  fileprivate var withoutEpoch: FrontendOptions {
    var options = self
    options.buildArguments["SOURCE_DATE_EPOCH"] = ""
    return options
  }
}

/// Reads a stage that only fetches something, without lowering it.
private struct EpochStageReader {
  let arguments: GlobalArguments
  let buildArguments: [String: String]
  let expander: Expander

  /// What the stage's one `ADD` fetches.
  func source(of stage: Stage) throws(FrontendError) -> Source {
    var environment = arguments.environment
    guard try expand(stage.base, environment, at: stage.fromRange) == "scratch" else {
      throw FrontendError(.epochStage(.notFromScratch), at: stage.fromRange)
    }
    var found: Source?
    for instruction in stage.instructions {
      switch instruction.kind {
      case .arg(let declaration):
        for argument in declaration.arguments {
          let value = try value(of: argument, environment, at: instruction.range)
          if let value { environment.set(argument.name, value) }
        }
      case .add(let add):
        guard found == nil else {
          throw FrontendError(.epochStage(.notOneRemoteSource), at: instruction.range)
        }
        found = try source(of: add, environment, at: instruction.range)
      default:
        let name = instruction.name.rawValue
        throw FrontendError(.epochStage(.instruction(name)), at: instruction.range)
      }
    }
    guard let found else {
      throw FrontendError(.epochStage(.notOneRemoteSource), at: stage.fromRange)
    }
    return found
  }

  private func value(
    of argument: ArgumentInstruction.Argument, _ environment: EnvironmentList,
    at range: SourceRange
  ) throws(FrontendError) -> String? {
    if let given = buildArguments[argument.name] { return given }
    guard let word = argument.defaultValue else { return nil }
    return try expand(word, environment, at: range)
  }

  private func source(
    of add: CopyInstruction, _ environment: EnvironmentList, at range: SourceRange
  ) throws(FrontendError) -> Source {
    guard add.heredocs.isEmpty, add.sources.count == 1 else {
      throw FrontendError(.epochStage(.notOneRemoteSource), at: range)
    }
    let word = try expand(add.sources[0], environment, at: range)
    var checksum: String?
    if let text = add.checksum { checksum = try expand(text, environment, at: range) }
    let sources: [CopySource]
    do {
      sources = try CopySource.sources(
        [word], of: .add, checksum: checksum.flatMap { $0.isEmpty ? nil : $0 },
        keepsGitDirectory: add.keepGitDir)
    } catch {
      throw FrontendError(.remoteSource(error), at: range)
    }
    switch sources.first {
    case .http(let source): return .http(source)
    case .git(let source): return .git(source)
    case .local, nil: throw FrontendError(.epochStage(.notOneRemoteSource), at: range)
    }
  }

  private func expand(
    _ word: String, _ environment: EnvironmentList, at range: SourceRange
  ) throws(FrontendError) -> String {
    do {
      return try expander.expand(word) { environment[$0] }.text
    } catch {
      throw FrontendError(.expansion(error, word: word), at: range)
    }
  }
}
