/// Stages are found by their name in lower case: `FROM Builder` would be an image.
enum StageNameCasing {
  static func check(_ stage: Stage) -> LintFinding? {
    guard let name = stage.name, let spelled = stage.spelledName, spelled != name else {
      return nil
    }
    return LintFinding(
      .stageNameCasing, "the stage name `\(spelled.excerpt)` should be in lower case",
      hint: "write `\(name.excerpt)`", culprit: spelled)
  }
}
