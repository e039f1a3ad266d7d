/// `MAINTAINER` says no more than a label does, and only one author.
enum MaintainerDeprecated {
  static func check(_ instruction: Instruction) -> LintFinding? {
    guard instruction.name == .maintainer else { return nil }
    return LintFinding(
      .maintainerDeprecated, "`MAINTAINER` is deprecated",
      hint: #"write `LABEL org.opencontainers.image.authors="…"`"#)
  }
}
