import DockerfileSyntax
import Reporting

/// A variable that is neither set nor declared in the stage counts as empty. A default, as in
/// `${NAME:-x}`, is no declaration.
struct UndefinedVar: Sendable {
  /// How many names are looked through in all for those that were meant. Who mistypes more than a few
  /// has generated the file.
  private var patience = 100_000

  /// Looks at the variables that a word asked for and that were not set.
  mutating func check(_ unset: Set<String>, _ state: StageState) -> [LintFinding] {
    let undeclared = unset.filter {
      !state.declaresArgument($0) && !GlobalArguments.withoutEnvironment.contains($0)
    }
    return undeclared.sorted().map { name in
      let names = state.environment.names
      patience -= names.count
      let similar = patience < 0 ? nil : Suggestion.closest(to: name, among: names)
      return LintFinding(
        .undefinedVar, "the variable `$\(name)` is not set and counts as empty",
        hint: similar.map { "did you mean `$\($0)`?" }
          ?? "declare it in this stage with `ARG \(name)` or `ENV \(name)=…`", culprit: "$\(name)")
    }
  }
}
