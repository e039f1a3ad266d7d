extension Linter {
  /// `ConsistentInstructionCasing`: every keyword in the casing of most of them.
  static func consistentInstructionCasing(_ dockerfile: Dockerfile) -> [SyntaxDiagnostic] {
    let keywords =
      instructions(dockerfile).map { ($0.keyword, $0.range) }
      + dockerfile.stages.map { ($0.keyword, $0.fromRange) }
    let lower = keywords.count { isLower($0.0) }
    let upper = keywords.count { isUpper($0.0) }
    let wantsLower = lower > upper
    return keywords.filter { wantsLower ? !isLower($0.0) : !isUpper($0.0) }.map { keyword, range in
      warning(
        .consistentInstructionCasing,
        "`\(keyword)` should be in \(wantsLower ? "lower" : "upper") case like most instructions",
        hint: "write `\(wantsLower ? keyword.lowercased() : keyword.uppercased())`", at: range)
    }
  }

  /// `StageNameCasing`, `FromAsCasing`, `DuplicateStageName`, `ReservedStageName`.
  static func stageNames(_ dockerfile: Dockerfile) -> [SyntaxDiagnostic] {
    var seen: Set<String> = []
    var found: [SyntaxDiagnostic] = []
    for stage in dockerfile.stages {
      guard let name = stage.name, let spelled = stage.spelledName else { continue }
      if spelled != name {
        found.append(
          warning(
            .stageNameCasing, "the stage name `\(spelled)` should be in lower case",
            hint: "write `\(name)`", at: stage.fromRange))
      }
      if let asKeyword = stage.asKeyword, isLower(asKeyword) != isLower(stage.keyword) {
        found.append(
          warning(
            .fromAsCasing, "`\(asKeyword)` and `\(stage.keyword)` are not in the same case",
            at: stage.fromRange))
      }
      if !seen.insert(name).inserted {
        found.append(
          warning(
            .duplicateStageName, "the stage name `\(name)` is used twice",
            hint: "give each stage a name of its own", at: stage.fromRange))
      }
      if ["scratch", "context"].contains(name) {
        found.append(
          warning(
            .reservedStageName, "the stage name `\(name)` is reserved",
            hint: "give the stage another name", at: stage.fromRange))
      }
    }
    return found
  }

  private static func isLower(_ text: String) -> Bool { text == text.lowercased() }
  private static func isUpper(_ text: String) -> Bool { text == text.uppercased() }
}
