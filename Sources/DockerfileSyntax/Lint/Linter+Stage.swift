extension Linter {
  /// `FromPlatformFlagConstDisallowed` and `RedundantTargetPlatform`.
  static func fromPlatform(_ stage: Stage) -> [SyntaxDiagnostic] {
    guard let platform = stage.platform else { return [] }
    if platform == "$TARGETPLATFORM" || platform == "${TARGETPLATFORM}" {
      return [
        warning(
          .redundantTargetPlatform, "`--platform=\(platform)` is what `FROM` does by itself",
          hint: "leave the flag away", at: stage.fromRange)
      ]
    }
    // A stage may be for one platform if its name says so.
    let parts = platform.split(separator: "/").map(String.init)
    let isNamed = parts.contains { stage.name?.contains($0) ?? false }
    guard !platform.utf8.contains(UInt8(ascii: "$")), !isNamed else { return [] }
    return [
      warning(
        .fromPlatformFlagConstDisallowed, "`--platform=\(platform)` of `FROM` is constant",
        hint: "use a variable such as `$BUILDPLATFORM`, or leave the flag away",
        at: stage.fromRange)
    ]
  }

  /// `JSONArgsRecommended`: not after a `SHELL`, which says that a shell is meant.
  static func commands(_ stage: Stage) -> [SyntaxDiagnostic] {
    var hasShell = false
    var found: [SyntaxDiagnostic] = []
    for instruction in stage.instructions {
      switch instruction.kind {
      case .shell: hasShell = true
      case .cmd(.shell(let text)), .entrypoint(.shell(let text)):
        if !hasShell { found.append(shellForm(text, instruction)) }
      default: break
      }
    }
    return found
  }

  private static func shellForm(
    _ text: String, _ instruction: Instruction
  ) -> SyntaxDiagnostic {
    let name = instruction.name.rawValue
    if text.hasPrefix("["), text.hasSuffix("]") {
      return warning(
        .jsonArgsRecommended,
        "`\(name)` looks like a JSON array but is none, and runs under a shell",
        hint: "put each word in double quotes, with commas between them", at: instruction.range)
    }
    return warning(
      .jsonArgsRecommended,
      "`\(name)` in shell form runs under a shell, which passes no signals on",
      hint: #"write it as a JSON array: `\#(name) ["program", "argument"]`"#,
      at: instruction.range)
  }

  /// `MultipleInstructionsDisallowed`: of several, only the last one counts.
  static func repeatedInstructions(_ stage: Stage) -> [SyntaxDiagnostic] {
    [InstructionName.cmd, .entrypoint, .healthcheck].flatMap { name in
      stage.instructions.filter { $0.name == name }.dropLast().map { instruction in
        warning(
          .multipleInstructionsDisallowed,
          "this `\(name.rawValue)` has no effect: a later one in the stage replaces it",
          hint: "delete it", at: instruction.range)
      }
    }
  }
}
