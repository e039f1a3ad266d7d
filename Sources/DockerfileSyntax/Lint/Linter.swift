/// Runs the lint rules that need nothing but the tree: no expansion, no base image, no context.
struct Linter {
  /// Nobody reads more, and hostile files have no end of them.
  private static let maximumFindings = 1000

  private let check: CheckDirective
  private(set) var findings: [SyntaxDiagnostic] = []

  init(_ check: CheckDirective) {
    self.check = check
  }

  /// Asks all rules but `NoEmptyContinuation`, which the parser sees better.
  ///
  /// As in BuildKit, where an instruction cannot be understood, only those above it are looked at,
  /// each by itself.
  mutating func run(on dockerfile: Dockerfile, firstError: SourceRange?) {
    func isReadable(_ range: SourceRange) -> Bool {
      firstError.map { range.startLine < $0.startLine } ?? true
    }
    for instruction in dockerfile.metaArguments where isReadable(instruction.range) {
      look(at: instruction)
    }
    for stage in dockerfile.stages where isReadable(stage.fromRange) {
      look(at: stage)
      for instruction in stage.instructions where isReadable(instruction.range) {
        look(at: instruction)
      }
    }
    if firstError == nil { lookAtAll(dockerfile) }
  }

  private mutating func look(at stage: Stage) {
    let found = [
      StageNameCasing.check(stage), FromAsCasing.check(stage),
      InvalidDefinitionDescription.check(stage),
    ]
    for finding in found { report(finding, at: stage.fromRange, below: stage.comments) }
  }

  private mutating func look(at instruction: Instruction) {
    let found = [
      MaintainerDeprecated.check(instruction), InvalidDefinitionDescription.check(instruction),
    ]
    for finding in found { report(finding, at: instruction.range, below: instruction.comments) }
  }

  /// The rules that compare instructions heed the file's own `# check=` alone.
  private mutating func lookAtAll(_ dockerfile: Dockerfile) {
    var names = DuplicateStageName()
    for stage in dockerfile.stages {
      report(ReservedStageName.check(stage), at: stage.fromRange)
      report(names.check(stage), at: stage.fromRange)
    }
    let casing = ConsistentInstructionCasing(dockerfile)
    for stage in dockerfile.stages {
      report(casing.check(stage.keyword), at: stage.fromRange)
      for instruction in stage.instructions {
        report(casing.check(instruction.keyword), at: instruction.range)
      }
    }
  }

  /// Keeps a finding that may be told.
  mutating func report(
    _ finding: LintFinding?, at range: SourceRange, below comments: [String] = []
  ) {
    guard let finding, findings.count < Linter.maximumFindings,
      check.allows(finding.rule, below: comments)
    else { return }
    findings.append(SyntaxDiagnostic(finding, at: range))
  }
}
