/// Every keyword is in the case of most of them, upper case where there is no majority. The `ARG`s
/// before the first stage neither count nor are looked at.
struct ConsistentInstructionCasing {
  /// The case of most keywords.
  let casing: Casing

  init(_ dockerfile: Dockerfile) {
    var lower = 0
    var upper = 0
    for stage in dockerfile.stages {
      for keyword in [stage.keyword] + stage.instructions.map(\.keyword) {
        switch Casing(of: keyword) {
        case .lower: lower += 1
        case .upper: upper += 1
        case nil: continue
        }
      }
    }
    casing = lower > upper ? .lower : .upper
  }

  func check(_ keyword: String) -> LintFinding? {
    let expected = casing.apply(to: keyword)
    guard keyword != expected else { return nil }
    return LintFinding(
      .consistentInstructionCasing,
      "`\(keyword)` should be in \(casing.rawValue) case like most instructions",
      hint: "write `\(expected)`", culprit: keyword)
  }
}
