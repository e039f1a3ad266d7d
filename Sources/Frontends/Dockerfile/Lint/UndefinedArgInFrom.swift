import DockerfileSyntax
import Reporting

/// `FROM` sees the arguments before the first stage, and those that every build has.
enum UndefinedArgInFrom {
  static func check(_ expansion: Expansion, _ arguments: GlobalArguments) -> [LintFinding] {
    expansion.unset.subtracting(arguments.declared).sorted().map { name in
      let known = arguments.environment.names + arguments.declared.sorted()
      return LintFinding(
        .undefinedArgInFrom,
        "`FROM` uses the argument `\(name)`, which is not declared before it",
        hint: Suggestion.closest(to: name, among: known).map { "did you mean `\($0)`?" }
          ?? "declare it with `ARG \(name)` before the first `FROM`", culprit: "$\(name)")
    }
  }
}
