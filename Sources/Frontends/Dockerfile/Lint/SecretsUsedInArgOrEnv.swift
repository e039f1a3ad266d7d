import DockerfileSyntax

/// Arguments are in an image's history and variables in its configuration, for everybody to read.
enum SecretsUsedInArgOrEnv {
  private static let secretWords: Set<String> = [
    "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret",
    "token",
  ]
  /// A public key is no secret, and neither is the place or the version of one.
  private static let harmlessWords: Set<String> = ["file", "public", "version"]

  /// Looks at a name that an `ARG` or `ENV` gives.
  static func check(_ name: String, _ instruction: InstructionName) -> LintFinding? {
    let words = Set(name.lowercased().split(separator: "_").map(String.init))
    guard !words.isDisjoint(with: secretWords), words.isDisjoint(with: harmlessWords) else {
      return nil
    }
    return LintFinding(
      .secretsUsedInArgOrEnv,
      "`\(instruction.rawValue) \(name)` would leave a secret in the image",
      hint: "use `RUN --mount=type=secret,id=\(name)`", culprit: name)
  }
}
