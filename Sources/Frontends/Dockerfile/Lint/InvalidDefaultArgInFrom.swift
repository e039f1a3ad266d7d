import DockerfileSyntax
import OCI

/// A Dockerfile should also build for someone who gives no `--build-arg`.
enum InvalidDefaultArgInFrom {
  /// Looks at a base and what it expands to without build arguments.
  static func check(_ base: String, _ expansion: Expansion) -> LintFinding? {
    guard (try? Reference(expansion.text)) == nil else { return nil }
    return LintFinding(
      .invalidDefaultArgInFrom, "without build arguments, `FROM \(base)` names no image",
      hint: "give the argument a default with `ARG` before the first `FROM`", culprit: base)
  }
}
