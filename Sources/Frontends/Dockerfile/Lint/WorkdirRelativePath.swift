import DockerfileSyntax

/// A relative path leads somewhere else once the base image changes its working directory. Only the
/// first `WORKDIR` counts, since it mends those that follow.
enum WorkdirRelativePath {
  static func check(_ path: String, isFirst: Bool) -> LintFinding? {
    guard isFirst, !path.hasPrefix("/") else { return nil }
    return LintFinding(
      .workdirRelativePath,
      "the relative path `\(path)` depends on the working directory of the base image",
      hint: "write an absolute path", culprit: path)
  }
}
