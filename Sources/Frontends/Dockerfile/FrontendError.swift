package import DockerfileSyntax
package import OCI
import Reporting

/// Why a Dockerfile makes no plan: one problem or more, each with the line that it is about.
package struct FrontendError: Error, Sendable, CustomStringConvertible {
  /// What the Dockerfile is called in messages.
  package var file = "Dockerfile"
  /// Never empty; in the order of their lines.
  package var problems: [Problem]
  /// What the lint rules of the frontend found before, in the order of lines.
  package var warnings: [SyntaxDiagnostic] = []

  /// One thing that is wrong, and where.
  package struct Problem: Sendable {
    package var reason: Reason
    /// Absent for what no line is to blame for, such as an unknown target.
    package var range: SourceRange?
  }

  init(_ reason: Reason, at range: SourceRange?) {
    problems = [Problem(reason: reason, range: range)]
  }

  init(problems: [Problem]) {
    self.problems = problems
  }

  /// Every problem as `file:line: message`, with its hint below.
  package var description: String {
    problems.map { problem in
      let place = problem.range.map { "\(file):\($0.startLine): " } ?? "\(file): "
      let hint = problem.reason.hint.map { "\nhint: \($0)" } ?? ""
      return place + problem.reason.message + hint
    }.joined(separator: "\n")
  }
}

extension FrontendError {
  /// What is wrong.
  package enum Reason: Sendable {
    /// The parser's.
    case diagnostic(SyntaxDiagnostic)
    /// Lint rules that found something, where `# check=error=true` asks for failure.
    case lintFindings([LintRule])
    /// A part of an instruction that cannot be understood once it is expanded.
    case instruction(InstructionError)
    case expansion(ExpansionError, word: String)
    case noStages
    case unknownTarget(String, stages: [String])
    case unknownStageNumber(Int, count: Int)
    /// A `FROM` that names nothing once it is expanded; `unset` are the variables to blame.
    case emptyBase(String, unset: [String])
    case emptyPlatform(String, unset: [String])
    case invalidPlatform(String)
    /// A stage of another platform on this machine's own system, which is of the first one.
    case foreignHost(String, Platform, wanted: Platform)
    /// `stage` is the stage that has this name in lower case.
    case invalidReference(ReferenceError, stage: String?)
    case variableInFrom(String)
    case circularDependency([String])
    case laterStage(String, current: String)
    /// `remedy` is what to do if a stage was meant.
    case unresolvedImage(String, remedy: String?, cause: any Error)
    /// An `ONBUILD` trigger of the base that cannot be understood.
    case trigger(String, SyntaxDiagnostic)
    case remoteSource(RemoteSourceProblem)
    case invalidMountTarget(String)
    case requiredDevice(String)
    case emptyVolume
    case invalidSignal(String)
    case invalidPort(String, PortProblem)
    case invalidEpoch(String)
    case epochStage(EpochStageProblem)
  }
}

extension FrontendError.Reason {
  /// What is wrong, in words: lower case, no full stop.
  package var message: String {
    switch self {
    case .diagnostic(let diagnostic): diagnostic.message
    case .lintFindings(let rules):
      "warnings are errors here: " + rules.map { "`\($0.name)`" }.joined(separator: ", ")
    case .instruction(let error): error.message
    case .expansion(let error, let word): "`\(word)` cannot be expanded: \(error.summary)"
    case .noStages: "there is no stage to build"
    case .unknownTarget(let name, _): "there is no stage `\(name)`"
    case .unknownStageNumber(let number, _): "there is no stage number \(number)"
    case .emptyBase(let expression, _): "the base image `\(expression)` expands to nothing"
    case .emptyPlatform(let expression, _): "the platform `\(expression)` expands to nothing"
    case .invalidPlatform(let text): "`\(text)` is not a platform"
    case .foreignHost(let base, let host, let wanted):
      "`\(base)` is this machine's own system, which is `\(host)`, "
        + "but the stage is for `\(wanted)`"
    case .invalidReference(let error, _): Diagnostic(describing: error).message
    case .variableInFrom(let text): "`from` does not expand variables: `\(text)`"
    case .circularDependency(let names) where names.count == 2:
      "stage `\(names[0])` needs itself"
    case .circularDependency(let names):
      "stages depend on each other: " + names.map { "`\($0)`" }.joined(separator: " -> ")
    case .laterStage(let name, let current):
      "stage `\(name)` is defined after `\(current)`, which needs it"
    case .unresolvedImage(let name, _, let cause):
      "cannot resolve `\(name)`: " + Diagnostic(describing: cause).message
    case .trigger(let text, let diagnostic):
      "the base image's trigger `ONBUILD \(text)` cannot be understood: \(diagnostic.message)"
    case .remoteSource(let problem): problem.message
    case .invalidMountTarget(let target): "nothing can be mounted at `\(target)`"
    case .requiredDevice(let name): "devices are not supported: `\(name)`"
    case .emptyVolume: "a volume cannot be an empty string"
    case .invalidSignal(let text): "`\(text)` is not a signal"
    case .invalidPort(let text, let problem): "`\(text)` is not a port: \(problem)"
    case .invalidEpoch(let text): "invalid SOURCE_DATE_EPOCH: `\(text)`"
    case .epochStage(let problem): problem.message
    }
  }

  /// The word of the Dockerfile that is to blame, where it is one.
  package var culprit: String? {
    switch self {
    case .expansion(_, let text), .emptyBase(let text, _), .emptyPlatform(let text, _),
      .invalidPlatform(let text), .variableInFrom(let text), .laterStage(let text, _),
      .unresolvedImage(let text, _, _), .invalidMountTarget(let text),
      .requiredDevice(let text), .invalidSignal(let text), .invalidPort(let text, _):
      text
    case .remoteSource(let problem): problem.culprit
    case .unknownStageNumber(let number, _): String(number)
    case .circularDependency(let names): names.last
    default: nil
    }
  }

  /// What to do about it; nil where the message says it all.
  package var hint: String? {
    switch self {
    case .diagnostic(let diagnostic), .trigger(_, let diagnostic): diagnostic.hint
    case .instruction(let error): error.hint
    case .noStages: "start with `FROM`"
    case .unknownTarget(let name, let stages):
      Suggestion.closest(to: name.lowercased(), among: stages).map { "did you mean `\($0)`?" }
        ?? (stages.isEmpty
          ? "no stage has a name; give one with `FROM … AS name`"
          : "the stages are " + stages.map { "`\($0)`" }.joined(separator: ", "))
    case .unknownStageNumber(_, let count):
      count == 1 ? "the only stage is number 0" : "stages are numbered from 0 to \(count - 1)"
    case .emptyBase(_, let unset): Self.unsetHint(unset)
    case .emptyPlatform(_, let unset): Self.unsetHint(unset)
    case .invalidPlatform: "it is `os/architecture[/variant]`, such as `linux/arm64`"
    case .foreignHost(let base, _, _):
      "let the stage run here, with `FROM --platform=$BUILDPLATFORM \(base)`, and compile for "
        + "`$TARGETARCH` in it; or take an image for it"
    case .invalidReference(let error, let stage):
      stage.map { "`FROM` finds stages by their lower-case name: `FROM \($0)`" }
        ?? Diagnostic(describing: error).hint
    case .variableInFrom:
      "name the image in a stage of its own, `FROM $image AS name`, with a global `ARG`"
    case .circularDependency(let names):
      names.count == 2
        ? "what a stage has made is there already; only earlier stages can be copied from"
        : "move what both need into a stage before them"
    case .laterStage(let name, _): "move stage `\(name)` up"
    case .unresolvedImage(_, let remedy, let cause): remedy ?? Diagnostic(describing: cause).hint
    case .remoteSource(let problem): problem.hint
    case .invalidMountTarget: "give a `target` below `/`, or set a `WORKDIR`"
    case .requiredDevice: "leave `,required` out where the step can do without"
    case .invalidSignal: "give a name such as `SIGTERM`, or a number"
    case .invalidPort: "it is `port[-port][/tcp|udp|sctp]`"
    case .invalidEpoch:
      "it is seconds since 1970, `context`, a named context, or a stage that only fetches something"
    case .epochStage: "name a stage of `FROM scratch` and one `ADD` of an address"
    case .expansion(let error, _): error.hint
    case .lintFindings: "do what they ask for, or name them in `# check=skip=…`"
    case .emptyVolume: nil
    }
  }

  private static func unsetHint(_ unset: [String]) -> String? {
    guard let name = unset.first else { return nil }
    return "`\(name)` is not set: declare `ARG \(name)=…` before the first `FROM`, "
      + "or pass `--build-arg \(name)=…`"
  }
}
