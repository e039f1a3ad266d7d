import DockerfileSyntax
import OCI

/// A stage for one platform, whatever is asked for, is meant only where its name says so.
enum FromPlatformFlagConstDisallowed {
  /// Looks at a stage and what its `--platform` expands to.
  static func check(_ stage: Stage, _ expansion: Expansion) -> LintFinding? {
    guard expansion.used.isEmpty, expansion.unset.isEmpty,
      let platform = Platform(expansion.text)
    else { return nil }
    let name = stage.name ?? ""
    guard !name.contains(platform.os), !name.contains(platform.architecture) else { return nil }
    return LintFinding(
      .fromPlatformFlagConstDisallowed, "`--platform=\(expansion.text)` of `FROM` is constant",
      hint: "use a variable such as `$BUILDPLATFORM`, or leave the flag away",
      culprit: expansion.text)
  }
}
