package import DockerfileSyntax
internal import Frontends
package import Reporting

/// What there is to say about a Dockerfile without building it.
package struct LintReport: Sendable {
  /// The Dockerfile.
  package let source: SourceText
  /// What the rules found, in the order of lines.
  package private(set) var findings: [Finding] = []
  /// Why it could not be built, in the order of lines.
  package private(set) var problems: [Problem] = []
  /// What else a reader should know; nothing that a rule asks for.
  package private(set) var remarks: [Diagnostic] = []

  /// What a rule found.
  package struct Finding: Hashable, Sendable {
    package let rule: LintRule
    package let message: String
    package let hint: String?
    /// The word that is to blame, where it is one.
    package let culprit: String?
    package let range: SourceRange
  }

  /// An error.
  package struct Problem: Hashable, Sendable {
    package let message: String
    package let hint: String?
    /// The word that is to blame, where it is one.
    package let culprit: String?
    /// Absent for what no line is to blame for, such as an unknown target.
    package let range: SourceRange?
  }

  /// Whether no rule found anything and nothing is in the way of a build.
  package var isClean: Bool { findings.isEmpty && problems.isEmpty }

  init(_ source: SourceText) {
    self.source = source
  }
}

// MARK: - Gathering

extension LintReport {
  /// Adds what the parser says: its errors, and its warnings, of which those of no rule are remarks.
  mutating func add(_ diagnostics: [SyntaxDiagnostic], of source: BuildSource) {
    for diagnostic in diagnostics {
      if diagnostic.severity == .error {
        problems.append(
          Problem(
            message: diagnostic.message, hint: diagnostic.hint, culprit: diagnostic.culprit,
            range: diagnostic.range))
      } else if let rule = diagnostic.rule {
        findings.append(
          Finding(
            rule: rule, message: diagnostic.message, hint: diagnostic.hint,
            culprit: diagnostic.culprit, range: diagnostic.range))
      } else {
        remarks.append(source.diagnostic(diagnostic))
      }
    }
    sort()
  }

  /// Adds what the frontend says of one platform; what another one had said already is left out.
  mutating func add(
    _ warnings: [SyntaxDiagnostic], besides former: inout Set<SyntaxDiagnostic>,
    of source: BuildSource
  ) {
    add(warnings.filter { !former.contains($0) }, of: source)
    former.formUnion(warnings)
  }

  /// Adds why the frontend makes no plan.
  mutating func add(_ error: FrontendError) {
    for problem in error.problems {
      problems.append(
        Problem(
          message: problem.reason.message, hint: problem.reason.hint,
          culprit: problem.reason.culprit, range: problem.range))
    }
    sort()
  }

  /// Adds the images that could not be asked what they say.
  mutating func add(_ images: [MissingImage], of source: BuildSource) {
    for image in images {
      let cause = Diagnostic(describing: image.cause)
      let remark = Diagnostic(
        .hint,
        "`\(image.name)` cannot be asked for its variables and platform, so that rules about them "
          + "are left out", excerpt: source.excerpt(image.range), notes: [cause.message],
        hint: cause.hint)
      if !remarks.contains(remark) { remarks.append(remark) }
    }
  }

  private mutating func sort() {
    findings = findings.enumerated().sorted {
      ($0.element.range.startLine, $0.offset) < ($1.element.range.startLine, $1.offset)
    }.map(\.element)
    problems = problems.enumerated().sorted {
      ($0.element.range?.startLine ?? .max, $0.offset)
        < ($1.element.range?.startLine ?? .max, $1.offset)
    }.map(\.element)
  }
}

// MARK: - For people

extension LintReport {
  /// What the rules found, with the user's own lines.
  package var warnings: [Diagnostic] {
    findings.map { finding in
      Diagnostic(
        .warning, finding.message, rule: finding.rule.name,
        excerpt: source.excerpt(marking: finding.range).pointing(at: finding.culprit),
        hint: finding.hint)
    }
  }

  /// Why it cannot be built, with the user's own lines.
  package var errors: [Diagnostic] {
    problems.map { problem in
      Diagnostic(
        .error, problem.message,
        excerpt: problem.range.map {
          source.excerpt(marking: $0).pointing(at: problem.culprit)
        },
        hint: problem.hint)
    }
  }
}
