/// `FROM … AS`, or `from … as`. Of a `From`, another rule speaks.
enum FromAsCasing {
  static func check(_ stage: Stage) -> LintFinding? {
    guard let asKeyword = stage.asKeyword, let casing = Casing(of: stage.keyword) else {
      return nil
    }
    let expected = casing.apply(to: asKeyword)
    guard asKeyword != expected else { return nil }
    return LintFinding(
      .fromAsCasing, "`\(asKeyword)` and `\(stage.keyword)` are not in the same case",
      hint: "write `\(expected)`", culprit: asKeyword)
  }
}
