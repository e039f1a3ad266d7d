import DockerfileSyntax

/// What people see of a step, as buildx writes it: `[build 3/7] RUN go build`, or
/// `[linux/amd64->arm64 build 3/7] RUN go build` where several platforms are built.
struct StepLabel: Sendable {
  /// What the step runs on, and what it makes things for where that is something else; nil where
  /// only one platform is built.
  var platform: String?
  /// The stage's name; nil where there is only one stage.
  var stage: String?
  /// How many steps of the stage people see, and how many they have seen.
  var total: Int
  var seen = 0

  private static let longest = 100

  init(stage: String?, total: Int) {
    self.stage = stage
    self.total = total
  }

  /// The label of the next step.
  mutating func next(_ text: String, isTrigger: Bool = false) -> String {
    seen += 1
    let width = String(total).utf8.count
    let number = String(seen)
    let padding = String(repeating: " ", count: max(0, width - number.utf8.count))
    let prefix = [platform, stage].compactMap(\.self).map { $0 + " " }.joined()
    return "[\(prefix)\(padding)\(number)/\(total)] " + (isTrigger ? "ONBUILD " : "")
      + Self.line(text)
  }

  /// An instruction as a label has it: its keyword in upper case, and what a heredoc starts with.
  static func text(of instruction: Instruction) -> String {
    let body = instruction.text.drop { !$0.isWhitespace }
    let text = instruction.name.rawValue + body
    guard case .run(let run) = instruction.kind, run.heredocs.count == 1,
      let heredoc = run.heredocs.first
    else { return text }
    switch run.script {
    case .shell(let script) where script.utf8.elementsEqual(heredoc.body): break
    case .file: break
    default: return text
    }
    let lines = String(decoding: heredoc.body, as: UTF8.self)
      .split(whereSeparator: \.isNewline)
      .drop { $0.allSatisfy(\.isWhitespace) }
    guard let first = lines.first?.drop(while: \.isWhitespace) else { return text }
    return text + " (\(first)\(lines.count > 1 ? "..." : ""))"
  }

  /// One line, blanks collapsed, of bearable length.
  static func line(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard line.count > longest else { return line }
    return line.prefix(longest - 1) + "…"
  }
}
