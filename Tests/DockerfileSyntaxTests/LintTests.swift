import Reporting
import Testing

@testable import DockerfileSyntax

@Suite("Lint rules of the tree")
struct LintTests {
  /// A Dockerfile and what is said about it, as `Rule:line`.
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let findings: [String]

    init(_ text: String, _ findings: String...) {
      self.text = text
      self.findings = findings
    }

    var testDescription: String { text }
  }

  private func findings(in text: String) -> [String] {
    parse(text).diagnostics.map { found in
      "\(found.rule?.name ?? (found.severity == .error ? "error" : "warning")):\(found.range.startLine)"
    }
  }

  @Test(
    "keywords are in the case of most",
    arguments: [
      Case("FROM a\nrun b\nRUN c", "ConsistentInstructionCasing:2"),
      Case("from a\nrun b"), Case("FROM a\nRUN b"),
      Case("from a\nrun b\nUSER c", "ConsistentInstructionCasing:3"),
      // A tie is for upper case.
      Case("FROM a\nrun b", "ConsistentInstructionCasing:2"),
      // What is in both cases has no vote, and is wrong for every majority.
      Case("FROM a\nRun b", "ConsistentInstructionCasing:2"),
      Case("frOm a\nrun b", "ConsistentInstructionCasing:1"),
      Case(
        "FROM a\nrun b\nUser c\nFROM d\nrun e\nrun f", "ConsistentInstructionCasing:1",
        "ConsistentInstructionCasing:3", "ConsistentInstructionCasing:4"),
      // What stands before the first stage is not looked at.
      Case("arg a\narg b\narg c\nFROM a\nRUN b"),
      // Of a trigger, only the `ONBUILD` counts.
      Case("FROM a\nONBUILD run b"),
      // Neither bodies of heredocs nor continuations are keywords.
      Case("FROM a\nRUN <<EOF\nenv\nEOF"), Case("FROM a\nRUN b \\\n  && run c"),
    ])
  func consistentCasing(_ example: Case) {
    #expect(findings(in: example.text) == example.findings)
  }

  @Test(
    "names of stages",
    arguments: [
      Case("FROM a AS B", "StageNameCasing:1"), Case("FROM a AS b-1.c_d"),
      Case("FROM a AS bUild", "StageNameCasing:1"),
      Case("FROM a AS b\nFROM c AS b", "DuplicateStageName:2"),
      Case(
        "FROM a AS b\nFROM c AS B\nFROM d AS b", "StageNameCasing:2", "DuplicateStageName:2",
        "DuplicateStageName:3"),
      Case("FROM a\nFROM a"),
      Case("FROM a AS scratch\nFROM b AS context", "ReservedStageName:1", "ReservedStageName:2"),
      Case("FROM a AS Context", "StageNameCasing:1", "ReservedStageName:1"),
      Case("FROM scratch\nFROM scratch AS a"),
    ])
  func stageNames(_ example: Case) {
    #expect(findings(in: example.text) == example.findings)
  }

  @Test(
    "AS is in the case of FROM, and of a From nobody can tell",
    arguments: [
      Case("FROM a AS b"), Case("from a as b"), Case("FROM a as b", "FromAsCasing:1"),
      Case("from a AS b", "FromAsCasing:1"), Case("FROM a As b", "FromAsCasing:1"),
      Case("from a aS b", "FromAsCasing:1"), Case("From a as b", "ConsistentInstructionCasing:1"),
    ])
  func fromAs(_ example: Case) {
    #expect(findings(in: example.text) == example.findings)
  }

  @Test("MAINTAINER is deprecated")
  func maintainer() {
    #expect(findings(in: "FROM a\nMAINTAINER b") == ["MaintainerDeprecated:2"])
    #expect(findings(in: "FROM a\nLABEL maintainer=b") == [])
  }

  @Test(
    "an empty line in an instruction is told once, on the last line before heredocs",
    arguments: [
      Case("FROM a\nRUN b \\\n\n\n  c", "NoEmptyContinuation:5"),
      Case("FROM a\nRUN b \\\n  # c\n  d"), Case("FROM a\n\n\nRUN b"),
      Case("FROM a\nRUN b \\\n \t\n c <<EOF\n\nEOF", "NoEmptyContinuation:4"),
      Case("FROM a\nRUN b \\\n\n", "NoEmptyContinuation:3"),
      Case(
        "FROM a\nRUN b \\\n\n c\nRUN d \\\n\n e", "NoEmptyContinuation:4", "NoEmptyContinuation:7"),
    ])
  func emptyContinuation(_ example: Case) {
    #expect(findings(in: example.text) == example.findings)
  }

  @Test(
    "descriptions begin with what they describe, where that is asked for",
    arguments: [
      Case("# a is\nARG a=1\n# b is\nFROM c AS b\n# d is\nARG e d"),
      Case("# other\nARG a", "InvalidDefinitionDescription:2"),
      Case("FROM c\n# other\nARG a b", "InvalidDefinitionDescription:3"),
      Case("# other\nFROM c AS b", "InvalidDefinitionDescription:2"),
      // Names are compared as they are, and those of stages in lower case.
      Case("# A is\nARG a", "InvalidDefinitionDescription:2"),
      Case("# B is\nFROM c AS B", "StageNameCasing:2", "InvalidDefinitionDescription:2"),
      // Only the last comment counts; an empty one parts it from what is below.
      Case("# a is\n# and more\nARG a", "InvalidDefinitionDescription:3"),
      Case("# other\n# a is\nARG a"), Case("# other\n#\nARG a"),
      // A stage without a name and other instructions have nothing to describe.
      Case("# other\nFROM c\n# other\nRUN a"),
    ])
  func descriptions(_ example: Case) {
    let head = "# check=experimental=InvalidDefinitionDescription\n"
    let expected = example.findings.map { finding in
      let parts = finding.split(separator: ":")
      return "\(parts[0]):\((Int(parts[1]) ?? 0) + 1)"
    }
    #expect(findings(in: head + example.text + "\nFROM z") == expected)
    #expect(
      findings(in: "\n" + example.text + "\nFROM z").allSatisfy { !$0.hasPrefix("Invalid") })
  }

  @Test(
    "a `# check=` above an instruction counts for it alone",
    arguments: [
      Case(
        "\n# check=skip=MaintainerDeprecated\nMAINTAINER a\nMAINTAINER b", "MaintainerDeprecated:4"),
      Case("\n# check=skip=all // it is me\nMAINTAINER a"),
      Case("\n# Check = skip=all\n# and so on\nMAINTAINER a"),
      // Only the first one counts, and one that cannot be read counts for nothing.
      Case(
        "\n# check=skip=Other\n# check=skip=all\nMAINTAINER a", "MaintainerDeprecated:4"),
      Case("\n# check=skip\nMAINTAINER a", "MaintainerDeprecated:3"),
      Case("\n# check=skip=all\n#\nMAINTAINER a", "MaintainerDeprecated:4"),
      // Rules that compare instructions do not ask.
      Case("\n# check=skip=all\nuser a", "ConsistentInstructionCasing:3"),
    ])
  func checkComments(_ example: Case) {
    #expect(findings(in: "FROM scratch" + example.text) == example.findings)
  }

  @Test("a `# check=` above a FROM counts for it alone")
  func checkCommentOfStage() {
    let text = "\n# check=skip=StageNameCasing\nFROM a AS B\nFROM a AS C"
    #expect(findings(in: text) == ["StageNameCasing:4"])
    let described = "\n# check=experimental=all\nFROM a AS b\n# other\nFROM a AS c"
    #expect(findings(in: described) == ["InvalidDefinitionDescription:3"])
  }

  @Test(
    "where an instruction cannot be understood, those above it are looked at one by one",
    arguments: [
      Case(
        "FROM a AS B\nMAINTAINER c\nNONSENSE\nMAINTAINER d\nrun e", "StageNameCasing:1",
        "MaintainerDeprecated:2", "error:3"),
      Case("FROM a AS b\nFROM c AS b\nuser d\nNONSENSE", "error:4"),
    ])
  func errors(_ example: Case) {
    #expect(findings(in: example.text) == example.findings)
  }

  @Test("hostile files are not answered without end")
  func bounded() {
    let text = "FROM a\n" + String(repeating: "MAINTAINER b\n", count: 5000)
    #expect(findings(in: text).count == 1000)
  }
}

@Suite("The check directive")
struct CheckDirectiveTests {
  @Test("skips and experimental rules are apart")
  func lists() throws {
    let all = try CheckDirective.parse("skip=all;experimental=InvalidDefinitionDescription")
    #expect(!all.allows(.stageNameCasing))
    #expect(all.allows(.invalidDefinitionDescription))
    let some = try CheckDirective.parse("skip= StageNameCasing,InvalidDefinitionDescription")
    #expect(some.allows(.stageNameCasing), "what is behind a blank does not count")
    let named = try CheckDirective.parse("skip=StageNameCasing,FromAsCasing;error=1")
    #expect(!named.allows(.stageNameCasing) && !named.allows(.fromAsCasing))
    #expect(named.allows(.undefinedVar) && named.failsBuild)
    #expect(!named.allows(.invalidDefinitionDescription))
    #expect(try CheckDirective.parse("experimental=all").allows(.invalidDefinitionDescription))
    #expect(try CheckDirective.parse("") == CheckDirective())
  }

  @Test("names count in their own spelling")
  func spelling() throws {
    #expect(try CheckDirective.parse("skip=stagenamecasing").allows(.stageNameCasing))
    #expect(try CheckDirective.parse("skip=ALL").allows(.stageNameCasing))
    #expect(try CheckDirective.parse("skip=all,StageNameCasing").allows(.undefinedVar))
  }

  @Test(
    "what cannot be understood is an error",
    arguments: [
      "skip", "skip=all;", "Skip=all", "error=maybe", "error=", "other=1", ";",
      // The third option takes all that follows for its value.
      "skip=a;experimental=b;error=true;skip=c",
    ])
  func refused(text: String) {
    #expect(throws: InstructionError.self) { try CheckDirective.parse(text) }
    let found = parse("# check=\(text)\nFROM scratch").diagnostics
    #expect(found.map(\.severity) == [.error])
  }

  @Test("one that is given from outside replaces the file's own")
  func replaced() throws {
    let text = Array("# check=skip=all;error=true\nFROM a as b".utf8)
    #expect(Dockerfile.parse(text).diagnostics.isEmpty)
    let check = try CheckDirective.parse("skip=StageNameCasing")
    let dockerfile = Dockerfile.parse(text, check: check)
    #expect(dockerfile.diagnostics.map(\.rule) == [.fromAsCasing])
    #expect(!dockerfile.directives.check.failsBuild)
  }
}

@Suite("The syntax directive")
struct SyntaxDirectiveTests {
  @Test(
    "frontends that read Dockerfiles are taken for granted",
    arguments: [
      "docker/dockerfile", "docker/dockerfile:1", "docker/dockerfile:1.7-labs",
      "docker.io/docker/dockerfile:1.26", "docker/dockerfile-upstream:master",
      "docker/dockerfile:1@sha256:0123", "index.docker.io/docker/dockerfile:latest extra",
    ])
  func accepted(name: String) {
    #expect(parse("# syntax=\(name)\nFROM scratch").diagnostics.isEmpty)
    #expect(SyntaxDirective.warning(ofBuildArgument: name) == nil)
  }

  @Test(
    "others are a warning on their line, whatever is skipped",
    arguments: ["example.com/docker/dockerfile:1", "tonistiigi/xx", "docker/buildpacks"])
  func other(name: String) throws {
    let found = parse("# check=skip=all\n# syntax=\(name)\nFROM scratch").diagnostics
    let warning = try #require(found.first)
    #expect(found.count == 1)
    #expect(warning.severity == .warning && warning.rule == nil)
    #expect(warning.range == SourceRange(line: 2))
    #expect(
      warning.message
        == "`\(name)` is not run: the file is read as a Dockerfile of version 1.26")
    let ofArgument = SyntaxDirective.warning(ofBuildArgument: name)
    #expect(ofArgument?.message == warning.message)
    #expect(ofArgument?.hint?.contains("BUILDKIT_SYNTAX") == true)
  }
}

@Suite("Lint rules")
struct LintRuleTests {
  @Test("pages are named as BuildKit's")
  func pages() {
    #expect(LintRule.jsonArgsRecommended.page == "json-args-recommended")
    #expect(LintRule.fromAsCasing.page == "from-as-casing")
    #expect(LintRule.secretsUsedInArgOrEnv.page == "secrets-used-in-arg-or-env")
    #expect(
      LintRule.fromPlatformFlagConstDisallowed.page == "from-platform-flag-const-disallowed")
    #expect(Set(LintRule.allCases.map(\.page)).count == LintRule.allCases.count)
  }
}
