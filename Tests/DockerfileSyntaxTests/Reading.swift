import Testing

@testable import DockerfileSyntax

/// Short ways to read.
func parse(_ text: String) -> Dockerfile { Dockerfile.parse(Array(text.utf8)) }

/// The instructions of the only stage of `FROM scratch` and this text.
func instructions(_ text: String) throws -> [Instruction] {
  let dockerfile = parse("FROM scratch\n" + text)
  let errors = dockerfile.diagnostics.filter { $0.severity == .error }
  #expect(errors.isEmpty, "\(errors.map(\.message))")
  return try #require(dockerfile.stages.first).instructions
}

/// The only instruction of this text.
func kind(_ text: String) throws -> Instruction.Kind {
  let all = try instructions(text)
  #expect(all.count == 1)
  return try #require(all.first).kind
}

/// The only error of `FROM scratch` and this text.
func refusal(_ text: String) throws -> SyntaxDiagnostic {
  let errors = parse("FROM scratch\n" + text).diagnostics.filter { $0.severity == .error }
  #expect(errors.count == 1, "\(errors.map(\.message))")
  return try #require(errors.first)
}

func run(_ text: String) throws -> RunInstruction {
  guard case .run(let run) = try kind(text) else { throw UnexpectedKind() }
  return run
}

func copy(_ text: String) throws -> CopyInstruction {
  switch try kind(text) {
  case .copy(let copy), .add(let copy): return copy
  default: throw UnexpectedKind()
  }
}

struct UnexpectedKind: Error {}
