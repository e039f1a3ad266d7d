import DockerfileSyntax

/// The shell form runs under a shell, which passes no signals on; whoever sets a `SHELL` of their own
/// has chosen one.
enum JSONArgsRecommended {
  /// Looks at a `CMD` or `ENTRYPOINT`; `shell` is the image's so far.
  static func check(_ instruction: Instruction, shell: [String]) -> LintFinding? {
    guard let text = shellForm(of: instruction), shell.isEmpty else { return nil }
    let name = instruction.name.rawValue
    if text.hasPrefix("["), text.hasSuffix("]") {
      return LintFinding(
        .jsonArgsRecommended,
        "`\(name)` looks like a JSON array but is none, and runs under a shell",
        hint: "put each word in double quotes, with commas between them")
    }
    return LintFinding(
      .jsonArgsRecommended,
      "`\(name)` in shell form runs under a shell, which passes no signals on",
      hint: #"write it as a JSON array: `\#(name) ["program", "argument"]`"#)
  }

  private static func shellForm(of instruction: Instruction) -> String? {
    switch instruction.kind {
    case .cmd(.shell(let text)), .entrypoint(.shell(let text)): text
    default: nil
    }
  }
}
