import DockerfileSyntax

/// A stage is for the target's platform unless it says otherwise.
enum RedundantTargetPlatform {
  /// Looks at a `--platform` and what it expands to.
  static func check(
    _ platform: String, _ expansion: Expansion, _ arguments: GlobalArguments
  ) -> LintFinding? {
    let name = "TARGETPLATFORM"
    guard expansion.used == [name], expansion.unset.isEmpty,
      expansion.text == arguments.environment[name]
    else { return nil }
    return LintFinding(
      .redundantTargetPlatform, "`--platform=\(platform)` is what `FROM` does by itself",
      hint: "leave the flag away", culprit: platform)
  }
}
