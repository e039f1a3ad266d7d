/// `--call=outline` and `--call=targets` show the comment above a stage or an `ARG` if it begins with
/// its name; a comment that does not is none of theirs, or has a slip in it.
enum InvalidDefinitionDescription {
  static func check(_ stage: Stage) -> LintFinding? {
    guard let name = stage.name else { return nil }
    return check(stage.comments, of: [name], "`FROM`")
  }

  static func check(_ instruction: Instruction) -> LintFinding? {
    guard case .arg(let declaration) = instruction.kind else { return nil }
    return check(instruction.comments, of: declaration.arguments.map(\.name), "`ARG`")
  }

  private static func check(
    _ comments: [String], of names: [String], _ instruction: String
  ) -> LintFinding? {
    guard let comment = comments.last else { return nil }
    let word = comment.prefix { $0 != " " }
    guard !names.contains(String(word)) else { return nil }
    let name = names.count == 1 ? names[0].excerpt : "<name>"
    return LintFinding(
      .invalidDefinitionDescription,
      "the comment above this \(instruction) does not begin with what it defines",
      hint: "write `# \(name) <what it is>`, or put a line with nothing but `#` in between")
  }
}
