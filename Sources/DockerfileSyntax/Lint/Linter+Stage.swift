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
      case .cmd(.shell), .entrypoint(.shell):
        guard !hasShell else { continue }
        let name = instruction.name.rawValue
        found.append(
          warning(
            .jsonArgsRecommended,
            "`\(name)` in shell form runs under a shell, which passes no signals on",
            hint: #"write it as a JSON array: `\#(name) ["program", "argument"]`"#,
            at: instruction.range))
      default: break
      }
    }
    return found
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
