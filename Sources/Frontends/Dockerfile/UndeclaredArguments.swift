import DockerfileSyntax
import Reporting

/// Build arguments that no `ARG` declares: they change nothing, which is what nobody gives them for.
/// BuildKit is silent about them (moby/buildkit#2128).
enum UndeclaredArguments {
  /// A warning for each that is in `given` and means nothing, in the order of their names.
  ///
  /// - Parameters:
  ///   - declared: the names that the Dockerfile, its base images and the builder know.
  static func warnings(_ given: some Sequence<String>, declared: Set<String>) -> [Diagnostic] {
    given.filter { !declared.contains($0) && !meansSomethingAnyway($0) }.sorted().map { name in
      Diagnostic(
        .warning, "the build argument `\(name)` changes nothing: no `ARG` declares it",
        hint: Suggestion.hint(for: name, among: declared.sorted())
          ?? "put `ARG \(name)` into the stage that uses it, or leave it out")
    }
  }

  /// What the builder itself looks at, whatever the Dockerfile says.
  private static func meansSomethingAnyway(_ name: String) -> Bool {
    name.hasPrefix("BUILDKIT_") || name == "SOURCE_DATE_EPOCH"
      || GlobalArguments.isProxy(name)
  }

  /// What is declared in a Dockerfile, in stages that nobody needs too.
  static func declared(in dockerfile: Dockerfile) -> Set<String> {
    var names: Set<String> = []
    for instruction in dockerfile.metaArguments + dockerfile.stages.flatMap(\.instructions) {
      guard case .arg(let declaration) = instruction.kind else { continue }
      names.formUnion(declaration.arguments.map(\.name))
    }
    return names
  }
}
