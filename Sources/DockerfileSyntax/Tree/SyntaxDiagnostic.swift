/// Something to say about a Dockerfile: an error that stops a build, or a warning that does not.
package struct SyntaxDiagnostic: Hashable, Sendable {
  /// How bad it is.
  package enum Severity: Hashable, Sendable {
    case error
    case warning
  }

  /// How bad it is.
  package var severity: Severity
  /// The lint rule that found it; absent for plain syntax errors.
  package var rule: LintRule?
  /// What is wrong: lower case, no full stop, things in backquotes.
  package var message: String
  /// What to do about it, in the same style.
  package var hint: String?
  /// The word that is to blame, where it is one; `$NAME` for a variable.
  package var culprit: String?
  /// Where it is.
  package var range: SourceRange

  /// An error or a warning.
  package init(
    _ severity: Severity, _ message: String, hint: String? = nil, rule: LintRule? = nil,
    culprit: String? = nil, at range: SourceRange
  ) {
    self.severity = severity
    self.rule = rule
    self.message = message
    self.hint = hint
    self.culprit = culprit
    self.range = range
  }
}
