import DockerfileSyntax

/// What the lint rules of the frontend have found: those that need expanded values, an image or the
/// build context. It outlives a Dockerfile that turns out to be wrong.
struct FindingLog: Sendable {
  /// What the Dockerfile, or who builds it, asks of the linter.
  let check: CheckDirective
  private(set) var findings: [SyntaxDiagnostic] = []

  init(_ check: CheckDirective) {
    self.check = check
  }

  /// Keeps a finding that may be told; `comments` are those above the instruction.
  mutating func report(
    _ finding: LintFinding?, at range: SourceRange, below comments: [String]
  ) {
    guard let finding, check.allows(finding.rule, below: comments) else { return }
    findings.append(SyntaxDiagnostic(finding, at: range))
  }
}
