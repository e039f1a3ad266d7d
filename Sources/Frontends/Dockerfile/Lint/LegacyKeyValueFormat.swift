import DockerfileSyntax

/// `ENV key value` takes the rest of the line for the value, and holds one pair only.
enum LegacyKeyValueFormat {
  static func check(_ instruction: Instruction) -> LintFinding? {
    guard let pair = pairs(of: instruction).first, pair.isLegacy else { return nil }
    let name = instruction.name.rawValue
    return LintFinding(
      .legacyKeyValueFormat, "`\(name) key value` is the legacy form",
      hint: "write `\(name) \(pair.key)=…`")
  }

  private static func pairs(of instruction: Instruction) -> [KeyValuePair] {
    switch instruction.kind {
    case .env(let pairs), .label(let pairs): pairs
    default: []
    }
  }
}
