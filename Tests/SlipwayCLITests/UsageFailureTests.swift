import Reporting
import Testing

@testable import SlipwayCLI

@Suite("A command line that cannot be understood")
struct UsageFailureTests {
  private func diagnostic(_ message: String, _ arguments: String...) -> Diagnostic {
    UsageFailure(message: message, arguments: arguments).diagnostic
  }

  @Test("a command that is not there is told, with the one that was meant")
  func commands() {
    let slip = diagnostic("2 unexpected arguments: 'buid', '.'", "buid", ".")
    #expect(slip.message == "there is no command `buid`")
    #expect(slip.hint == "did you mean `build`?")
    #expect(diagnostic("", "compose").hint == "`slipway --help` lists them")
  }

  @Test(
    "flags of `docker build` that are not here say what to do instead",
    arguments: [
      ("--memory=1g", "--memory", "MemoryMax"), ("-m", "-m", "MemoryMax"),
      ("--rm", "--rm", "leave it out"), ("--builder", "--builder", "there is no builder"),
      ("--print=outline", "--print", "`--call`"),
    ])
  func foreign(typed: String, flag: String, advice: String) {
    let error = diagnostic("Unknown option '\(flag)'", "build", "-t", "x", typed, ".")
    #expect(error.message == "`slipway build` has no `\(flag)`")
    #expect(error.hint?.contains(advice) == true)
    // They mean nothing to other commands.
    #expect(
      diagnostic("Unknown option '\(flag)'", "run", typed).message == "unknown option '\(flag)'")
  }

  @Test("all else is said in the parser's words, in one line, and where help is")
  func others() {
    let error = diagnostic("Missing expected argument '<name>'.\nMore of it", "pull")
    #expect(error.message == "missing expected argument '<name>'")
    #expect(error.hint == "`slipway pull --help` shows what it takes")
    #expect(
      diagnostic("Unknown option '--x'", "--x").hint == "`slipway --help` shows what it takes")
  }
}

@Suite("Attestations")
struct AttestationArgumentTests {
  @Test(
    "that there be none is granted",
    arguments: [
      (nil, nil, []), ("false", "0", ["type=sbom,disabled=true"]),
      ("disabled=true", "FALSE", ["type=provenance,mode=max,disabled=1"]),
    ] as [(String?, String?, [String])])
  func declined(provenance: String?, sbom: String?, attest: [String]) throws {
    try AttestationArgument.check(provenance: provenance, sbom: sbom, attest: attest)
  }

  @Test(
    "that there be some is refused, and says of which kind",
    arguments: [
      ("true", nil, [], "`provenance`"), ("mode=max", nil, [], "`provenance`"),
      (nil, "1", [], "`sbom`"), (nil, "generator=x,disabled=no", [], "`sbom`"),
      (nil, nil, ["type=sbom,disabled=true", "type=vex"], "`vex`"),
      (nil, nil, ["sbom"], "`sbom` is not an attestation"),
    ] as [(String?, String?, [String], String)])
  func wanted(provenance: String?, sbom: String?, attest: [String], words: String) {
    let error = #expect(throws: ArgumentProblem.self) {
      try AttestationArgument.check(provenance: provenance, sbom: sbom, attest: attest)
    }
    #expect(error.map { "\($0)" }?.contains(words) == true)
  }
}
