/// `scratch` is the empty image, and `context` the main build context.
enum ReservedStageName {
  private static let reserved: Set<String> = ["scratch", "context"]

  static func check(_ stage: Stage) -> LintFinding? {
    guard let name = stage.name, reserved.contains(name) else { return nil }
    return LintFinding(
      .reservedStageName, "the stage name `\(name)` is reserved",
      hint: "give the stage another name", culprit: stage.spelledName ?? name)
  }
}
