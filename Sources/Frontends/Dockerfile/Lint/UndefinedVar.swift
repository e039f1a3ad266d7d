import DockerfileSyntax
import Reporting

/// A variable that is neither set nor declared in the stage counts as empty. A default, as in
/// `${NAME:-x}`, is no declaration.
enum UndefinedVar {
  /// Looks at the variables that a word asked for and that were not set.
  static func check(_ unset: Set<String>, _ state: StageState) -> [LintFinding] {
    guard !unset.isEmpty else { return [] }
    let declared = Set(state.arguments.map(\.name)).union(GlobalArguments.withoutEnvironment)
    return unset.subtracting(declared).sorted().map { name in
      let similar = Suggestion.closest(to: name, among: state.environment.names)
      return LintFinding(
        .undefinedVar, "the variable `$\(name)` is not set and counts as empty",
        hint: similar.map { "did you mean `$\($0)`?" }
          ?? "declare it in this stage with `ARG \(name)` or `ENV \(name)=…`", culprit: "$\(name)")
    }
  }
}
