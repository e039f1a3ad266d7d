extension Linter {
  /// `MaintainerDeprecated`, `LegacyKeyValueFormat`, `SecretsUsedInArgOrEnv`.
  static func values(_ dockerfile: Dockerfile) -> [SyntaxDiagnostic] {
    instructions(dockerfile).flatMap { instruction in
      switch instruction.kind {
      case .maintainer:
        [
          warning(
            .maintainerDeprecated, "`MAINTAINER` is deprecated",
            hint: #"write `LABEL org.opencontainers.image.authors="…"`"#, at: instruction.range)
        ]
      case .env(let pairs): legacyPairs(pairs, instruction) + secrets(pairs.map(\.key), instruction)
      case .label(let pairs): legacyPairs(pairs, instruction)
      case .arg(let argument): secrets(argument.arguments.map(\.name), instruction)
      default: [SyntaxDiagnostic]()
      }
    }
  }

  private static func legacyPairs(
    _ pairs: [KeyValuePair], _ instruction: Instruction
  ) -> [SyntaxDiagnostic] {
    guard let pair = pairs.first, pair.isLegacy else { return [] }
    let name = instruction.name.rawValue
    return [
      warning(
        .legacyKeyValueFormat, "`\(name) key value` is the legacy form",
        hint: "write `\(name) \(pair.key)=…`", at: instruction.range)
    ]
  }

  private static func secrets(
    _ names: [String], _ instruction: Instruction
  ) -> [SyntaxDiagnostic] {
    names.filter(soundsSecret).map { name in
      warning(
        .secretsUsedInArgOrEnv,
        "`\(instruction.name.rawValue) \(name.excerpt)` would leave a secret in the image",
        hint: "use `RUN --mount=type=secret,id=\(name.excerpt)`", at: instruction.range)
    }
  }

  private static let secretWords: Set<String> = [
    "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret",
    "token",
  ]

  /// Whether a part of the name, cut at `_`, is a word for secrets, and none says `public`.
  static func soundsSecret(_ name: String) -> Bool {
    let parts = name.lowercased().split(separator: "_").map(String.init)
    return !parts.contains("public") && parts.contains(where: secretWords.contains)
  }
}
