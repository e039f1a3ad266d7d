/// What a rule has to say. Where it is to be said is known to whoever asks the rule.
package struct LintFinding: Hashable, Sendable {
  /// The rule.
  package var rule: LintRule
  /// What is wrong: lower case, no full stop, things in backquotes.
  package var message: String
  /// What to do about it, in the same style.
  package var hint: String
  /// The word of the Dockerfile that is to blame, where it is one; `$NAME` for a variable.
  package var culprit: String?

  /// A finding.
  package init(_ rule: LintRule, _ message: String, hint: String, culprit: String? = nil) {
    self.rule = rule
    self.message = message
    self.hint = hint
    self.culprit = culprit
  }
}

extension SyntaxDiagnostic {
  /// A rule's finding as a warning.
  package init(_ finding: LintFinding, at range: SourceRange) {
    self.init(
      .warning, finding.message, hint: finding.hint, rule: finding.rule, culprit: finding.culprit,
      at: range)
  }
}
