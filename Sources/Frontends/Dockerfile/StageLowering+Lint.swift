import BuildGraph
import DockerfileSyntax
import OCI

/// Asks the lint rules about a step, as far as they need what is known of its stage. As in BuildKit,
/// stages that are not built are not looked at.
extension StageLowering {
  /// The rules that need nothing but the instruction and the stage before it.
  mutating func lint(_ step: StageGraph.Step) {
    let instruction = step.instruction
    let shell = state.configuration.process.shell ?? []
    report(JSONArgsRecommended.check(instruction, shell: shell), step)
    report(LegacyKeyValueFormat.check(instruction), step)
    for name in definedNames(instruction) {
      report(SecretsUsedInArgOrEnv.check(name, instruction.name), step)
    }
    if let (finding, range) = occurrences.check(instruction.name, at: step.range) {
      findings.report(finding, at: range, below: instruction.comments)
    }
  }

  /// The names that an `ARG` or `ENV` gives; those of `ENV` are expanded.
  private func definedNames(_ instruction: Instruction) -> [String] {
    switch instruction.kind {
    case .arg(let declaration): declaration.arguments.map(\.name)
    case .env(let pairs):
      pairs.map { pair in
        (try? expander.expand(pair.key) { state.environment[$0] })?.text ?? pair.key
      }
    default: []
    }
  }

  /// Looks at the variables that one word asked for and that were not set.
  mutating func lint(unset: Set<String>, _ step: StageGraph.Step) {
    guard !state.isBaseUnknown else { return }
    for finding in undefinedVar.check(unset, state) { report(finding, step) }
  }

  /// Looks at an image that the stage starts from or a step takes files of; one without layers is
  /// for any platform.
  mutating func lint(
    _ image: ResolvedImage, wanted: Platform, at range: SourceRange
  ) {
    guard image.configuration.hasLayers else { return }
    findings.report(
      InvalidBaseImagePlatform.check(image, wanted: wanted), at: range, below: [])
  }

  mutating func lint(workingDirectory path: String, _ step: StageGraph.Step) {
    report(WorkdirRelativePath.check(path, isFirst: !state.hasWorkingDirectory), step)
    state.hasWorkingDirectory = true
  }

  mutating func lint(port: String, _ step: StageGraph.Step) {
    report(ExposeProtoCasing.check(port), step)
    report(ExposeInvalidFormat.check(port), step)
  }

  /// Looks at sources in the main build context.
  mutating func lint(sources: [String], _ step: StageGraph.Step) {
    for source in sources { report(ignoredFiles.check(source), step) }
  }

  private mutating func report(_ finding: LintFinding?, _ step: StageGraph.Step) {
    findings.report(finding, at: step.range, below: step.instruction.comments)
  }
}
