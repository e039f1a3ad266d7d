/// An empty line inside an instruction looks like its end, and will be it one day.
enum NoEmptyContinuation {
  /// Looks at an instruction with the number of its first empty line.
  static func check(emptyLine: Int?) -> LintFinding? {
    guard let emptyLine else { return nil }
    return LintFinding(
      .noEmptyContinuation, "line \(emptyLine) is empty, inside an instruction",
      hint: "delete the line, or start it with `#`")
  }
}
