/// Of two stages with one name, `COPY --from` finds the last, and `FROM` the one before it.
struct DuplicateStageName {
  private var names: Set<String> = []

  /// Looks at the next stage.
  mutating func check(_ stage: Stage) -> LintFinding? {
    guard let name = stage.name, !names.insert(name).inserted else { return nil }
    return LintFinding(
      .duplicateStageName, "the stage name `\(name.excerpt)` is used twice",
      hint: "give each stage a name of its own", culprit: stage.spelledName ?? name)
  }
}
