import DockerfileSyntax

/// Ranges are in the file and in order; an instruction's text means the instruction.
struct DockerfileInvariants {
  private let source: SourceLines
  private let dockerfile: Dockerfile

  init(_ bytes: [UInt8]) {
    source = SourceLines(bytes)
    dockerfile = Dockerfile.parse(bytes)
  }

  func check() throws(Violation) {
    for diagnostic in dockerfile.diagnostics {
      try Violation.check(source.contain(diagnostic.range), "\(diagnostic) is not in the file")
    }
    try Violation.check(
      dockerfile.hasErrors || !dockerfile.stages.isEmpty, "neither an error nor a stage")
    var end = 0
    for stage in [nil] + dockerfile.stages.map(Optional.some) {
      if let stage { try follow(stage.fromRange, &end) }
      for instruction in stage?.instructions ?? dockerfile.metaArguments {
        try follow(instruction.range, &end)
        try checkText(of: instruction)
        try checkJSON(of: instruction)
        if case .run(let run) = instruction.kind {
          for mount in run.mounts { _ = try? mount.resolve() }
        }
      }
    }
  }

  private func follow(_ range: SourceRange, _ end: inout Int) throws(Violation) {
    try Violation.check(source.contain(range), "\(range) is not in the file")
    try Violation.check(range.startLine > end, "\(range) does not follow line \(end)")
    end = range.endLine
  }

  /// Parse ∘ print is the identity, where a logical line can be printed as one physical line.
  private func checkText(of instruction: Instruction) throws(Violation) {
    let escape = dockerfile.directives.escape
    guard instruction.text.utf8.count < 60_000, instruction.text.utf8.last != escape,
      let kind = instruction.kind.withoutPlaces
    else { return }
    let head = "# escape=\(UnicodeScalar(escape))\nFROM scratch\n"
    let again = Dockerfile.parse(Array((head + instruction.text).utf8))
    let found = again.stages.first?.instructions.first?.kind.withoutPlaces
    try Violation.check(
      found == kind, "`\(instruction.text)` was \(kind) and is \(String(describing: found))")
  }

  private func checkJSON(of instruction: Instruction) throws(Violation) {
    guard case .cmd(.exec(let words)) = instruction.kind else { return }
    let array = "[" + words.map(JSONText.quoted).joined(separator: ", ") + "]"
    guard array.utf8.count < 60_000 else { return }
    let again = Dockerfile.parse(Array("FROM scratch\nCMD \(array)".utf8))
    try Violation.check(
      again.stages.first?.instructions.first?.kind == instruction.kind,
      "`\(array)` is no longer \(words)")
  }
}

extension Instruction.Kind {
  /// What it means without where it stood; nothing for what has bodies below its line.
  fileprivate var withoutPlaces: Instruction.Kind? {
    switch self {
    case .run(var run):
      guard run.heredocs.isEmpty else { return nil }
      for index in run.mounts.indices { run.mounts[index].range = nil }
      return .run(run)
    case .add(let copy), .copy(let copy): return copy.heredocs.isEmpty ? self : nil
    case .arg(var arg):
      for index in arg.arguments.indices { arg.arguments[index].comment = nil }
      return .arg(arg)
    case .onbuild(var onbuild):
      // Blanks at the end belong to the trigger, but not to the text.
      guard !onbuild.text.contains("\n") else { return nil }
      while onbuild.text.unicodeScalars.last?.properties.isWhitespace ?? false {
        onbuild.text.unicodeScalars.removeLast()
      }
      return .onbuild(onbuild)
    default: return self
    }
  }
}

/// Strings of JSON.
enum JSONText {
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
