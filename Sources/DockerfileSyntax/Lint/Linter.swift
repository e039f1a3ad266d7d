/// Runs the lint rules that need nothing but the tree: no expansion, no base image, no context.
enum Linter {
  /// What the rules find, rule by rule.
  static func check(_ dockerfile: Dockerfile) -> [SyntaxDiagnostic] {
    consistentInstructionCasing(dockerfile) + stageNames(dockerfile)
      + dockerfile.stages.flatMap(fromPlatform) + dockerfile.stages.flatMap(commands)
      + dockerfile.stages.flatMap(repeatedInstructions) + values(dockerfile)
  }

  static func warning(
    _ rule: LintRule, _ message: String, hint: String? = nil, at range: SourceRange
  ) -> SyntaxDiagnostic {
    SyntaxDiagnostic(.warning, message, hint: hint, rule: rule, at: range)
  }

  /// All instructions, those before the first stage too.
  static func instructions(_ dockerfile: Dockerfile) -> [Instruction] {
    dockerfile.metaArguments + dockerfile.stages.flatMap(\.instructions)
  }
}
