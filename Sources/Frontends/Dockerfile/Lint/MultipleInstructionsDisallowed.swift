import DockerfileSyntax

/// Of several `CMD`s in a stage, only the last one counts; the same goes for `ENTRYPOINT` and
/// `HEALTHCHECK`.
struct MultipleInstructionsDisallowed {
  private var places: [InstructionName: SourceRange] = [:]

  /// Looks at the next instruction of the stage. What is found is about the one that it replaces.
  mutating func check(
    _ name: InstructionName, at range: SourceRange
  ) -> (finding: LintFinding, range: SourceRange)? {
    guard [.cmd, .entrypoint, .healthcheck].contains(name),
      let replaced = places.updateValue(range, forKey: name)
    else { return nil }
    let finding = LintFinding(
      .multipleInstructionsDisallowed,
      "this `\(name.rawValue)` has no effect: a later one in the stage replaces it",
      hint: "delete it")
    return (finding, replaced)
  }
}
