import DockerfileSyntax

/// Bodies are the file's own lines, and a trigger that is stored and read again has the same ones.
struct HeredocInvariants {
  private let source: SourceLines
  private let dockerfile: Dockerfile

  init(_ body: [UInt8]) {
    let bytes = Array("FROM scratch\n".utf8) + body
    source = SourceLines(bytes)
    dockerfile = Dockerfile.parse(bytes)
  }

  func check() throws(Violation) {
    for instruction in dockerfile.stages.flatMap(\.instructions) {
      let heredocs = instruction.heredocs
      guard !heredocs.isEmpty else { continue }
      var end = instruction.range.startLine
      for heredoc in heredocs {
        try Violation.check(heredoc.range.startLine > end, "\(heredoc) does not follow")
        end = heredoc.range.endLine
        try Violation.check(
          source.bytes(heredoc.range.startLine..<end) == heredoc.content,
          "\(heredoc) is not what stands in its lines")
      }
      try Violation.check(end == instruction.range.endLine, "\(instruction.range) has other lines")
      try checkTrigger(instruction)
    }
  }

  private func checkTrigger(_ instruction: Instruction) throws(Violation) {
    let range = instruction.range.startLine..<(instruction.range.endLine + 1)
    let lines = source.bytes(range)
    guard instruction.text.utf8.count < 60_000, instruction.text.last != "\\" else { return }
    let dockerfile = Dockerfile.parse(Array("FROM scratch\nONBUILD ".utf8) + lines)
    guard case .onbuild(let onbuild) = dockerfile.stages.first?.instructions.first?.kind else {
      throw Violation("`\(instruction.text)` is no trigger: \(dockerfile.diagnostics)")
    }
    let (trigger, diagnostics) = Dockerfile.parseInstruction(onbuild.text)
    guard let trigger else {
      throw Violation("`\(onbuild.text)` is no instruction: \(diagnostics)")
    }
    try Violation.check(
      trigger.heredocs.map(Words.init) == instruction.heredocs.map(Words.init),
      "`\(onbuild.text)` has other heredocs")
  }

  private struct Words: Equatable {
    var name: String
    var body: String
    var expands: Bool

    init(_ heredoc: Heredoc) {
      // A trigger is text, so a body that is none is repaired when it is stored.
      (name, expands) = (heredoc.name, heredoc.expands)
      body = String(decoding: heredoc.body, as: UTF8.self)
    }
  }
}

extension Instruction {
  /// Its heredocs that have bodies.
  fileprivate var heredocs: [Heredoc] {
    let heredocs =
      switch kind {
      case .run(let run): run.heredocs
      case .add(let copy), .copy(let copy): copy.heredocs
      default: [Heredoc]()
      }
    // Those of a JSON array have none.
    return heredocs.filter { $0.range.startLine > range.startLine }
  }
}
