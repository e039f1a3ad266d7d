import Testing

@testable import DockerfileSyntax

@Suite("Lint rules of the tree")
struct LintTests {
  @Test(
    "a rule speaks on its line, and only there",
    arguments: [
      ("FROM a\nrun b\nRUN c", [.consistentInstructionCasing], [2]), ("from a\nrun b\n", [], []),
      ("from a\nrun b\nUSER c", [.consistentInstructionCasing], [3]),
      ("FROM a\nRun b", [.consistentInstructionCasing], [2]),
      ("FROM a AS B", [.stageNameCasing], [1]), ("FROM a as b", [.fromAsCasing], [1]),
      ("from a as b", [], []),
      ("FROM a AS b\nFROM c AS b", [.duplicateStageName], [2]),
      ("FROM a AS scratch", [.reservedStageName], [1]),
      ("FROM a\nCMD b", [.jsonArgsRecommended], [2]),
      ("FROM a\nENTRYPOINT b", [.jsonArgsRecommended], [2]),
      ("FROM a\nSHELL [\"b\"]\nCMD c", [], []), ("FROM a\nCMD [\"b\"]", [], []),
      ("FROM a\nMAINTAINER b", [.maintainerDeprecated], [2]),
      ("FROM a\nENV b c", [.legacyKeyValueFormat], [2]),
      ("FROM a\nLABEL b c", [.legacyKeyValueFormat], [2]),
      (
        "FROM a\nCMD [\"b\"]\nCMD [\"c\"]\nFROM d\nCMD [\"e\"]", [.multipleInstructionsDisallowed],
        [2]
      ),
      ("FROM a\nENV API_TOKEN=x", [.secretsUsedInArgOrEnv], [2]),
      ("ARG password\nFROM a", [.secretsUsedInArgOrEnv], [1]),
      ("FROM a\nENV PUBLIC_KEY=x MONKEY=y", [], []),
      ("FROM --platform=linux/amd64 a", [.fromPlatformFlagConstDisallowed], [1]),
      ("FROM --platform=linux/amd64 a AS x-amd64", [], []),
      ("FROM --platform=$BUILDPLATFORM a", [], []),
      ("FROM --platform=$TARGETPLATFORM a", [.redundantTargetPlatform], [1]),
    ] as [(String, [LintRule], [Int])])
  func rules(text: String, rules: [LintRule], lines: [Int]) {
    let found = parse(text).diagnostics
    #expect(found.map(\.rule) == rules)
    #expect(found.map(\.range.startLine) == lines)
    #expect(found.allSatisfy { $0.severity == .warning })
  }

  @Test("an exec form that is no JSON is told apart")
  func almostJSON() {
    let found = parse("FROM a\nCMD ['b', 'c']").diagnostics
    #expect(
      found.map(\.message) == ["`CMD` looks like a JSON array but is none, and runs under a shell"])
  }
}
