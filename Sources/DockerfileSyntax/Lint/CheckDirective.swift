/// What `# check=` asks of the linter, e.g. `skip=JSONArgsRecommended,StageNameCasing;error=true`.
package struct CheckDirective: Hashable, Sendable {
  /// Which rules a list names.
  package enum Rules: Hashable, Sendable {
    case all
    case some(Set<LintRule>)
  }

  /// The rules that stay silent.
  package var skipped: Rules = .some([])
  /// The experimental rules that speak.
  package var experimental: Rules = .some([])
  /// Whether any finding fails the build.
  package var failsBuild = false

  /// The default: every rule speaks, none fails the build.
  package init() {}

  /// Whether this rule stays silent; names are compared in any case.
  package func skips(_ rule: LintRule) -> Bool {
    switch skipped {
    case .all: true
    case .some(let rules): rules.contains { $0.name.lowercased() == rule.name.lowercased() }
    }
  }
}
