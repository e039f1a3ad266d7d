import Testing

@testable import DockerfileSyntax

@Suite("Lines of a Dockerfile")
struct LineTests {
  private func shell(_ text: String) throws -> String {
    guard case .shell(let text) = try run(text).command else { throw UnexpectedKind() }
    return text
  }

  @Test(
    "an escape character at the end goes on with the next line",
    arguments: [
      ("RUN a\\\nb", "ab"), ("RUN a \\\n  b", "a   b"), ("RUN a \\ \t\nb", "a b"),
      ("RUN a \\\r\nb\r\n", "a b"), ("RUN a \\\n# comment\nb", "a b"),
      ("RUN a \\\n  # comment\n b", "a  b"), ("RUN a \\\n\\\nb", "a b"), ("RUN a \\", "a"),
      ("RUN a\\\\", "a\\\\"), ("\\\nRUN a", "a"), ("   RUN   a   ", "a"),
      ("RUN a \\\n\n\nb", "a b"), ("RUN a # no comment", "a # no comment"),
    ])
  func continues(text: String, expected: String) throws {
    #expect(try shell(text) == expected)
  }

  @Test("an escape character behind another one does not go on")
  func escapedEscape() throws {
    let all = try instructions("RUN a\\\\\nRUN b")
    #expect(all.map(\.text) == ["RUN a\\\\", "RUN b"])
  }

  @Test("an empty line inside an instruction is a warning on the instruction's last line")
  func emptyContinuation() throws {
    let dockerfile = parse("FROM scratch\nRUN a \\\n\n\n  b\n")
    let found = try #require(dockerfile.diagnostics.first)
    #expect(dockerfile.diagnostics.count == 1)
    #expect(found.severity == .warning)
    #expect(found.rule == .noEmptyContinuation)
    #expect(found.range == SourceRange(line: 5))
    #expect(found.message == "line 3 is empty, inside an instruction")
  }

  @Test("`# check=skip=` silences a rule, or all")
  func skips() {
    let text = "FROM scratch AS Big\nMAINTAINER me\n"
    #expect(parse(text).diagnostics.count == 2)
    #expect(
      parse("# check=skip=MaintainerDeprecated\n" + text).diagnostics.map(\.rule)
        == [.stageNameCasing])
    #expect(parse("# check=skip=all;error=true\n" + text).diagnostics.isEmpty)
  }

  @Test("a byte order mark is no part of the first line")
  func byteOrderMark() {
    let dockerfile = Dockerfile.parse([0xEF, 0xBB, 0xBF] + Array("FROM scratch".utf8))
    #expect(dockerfile.diagnostics.isEmpty)
    #expect(dockerfile.stages.first?.keyword == "FROM")
  }

  @Test("directives stand before everything else, in any case")
  func directives() {
    let dockerfile = parse(
      "# Syntax = docker/dockerfile:1 // x\n#ESCAPE=`\n# check = skip=A,B;error=true # y\nFROM scratch\n"
        + "RUN a `\nb")
    let directives = dockerfile.directives
    #expect(directives.syntax == "docker/dockerfile:1")
    #expect(directives.escape == UInt8(ascii: "`"))
    #expect(directives.check.skipped == .named(["A", "B"]))
    #expect(directives.check.failsBuild)
    #expect(directives.ranges["escape"] == SourceRange(line: 2))
    #expect(dockerfile.stages.first?.instructions.first?.text == "RUN a b")
  }

  @Test(
    "a directive behind a comment, an empty line or an instruction is a comment",
    arguments: [
      "# hello\n# escape=`\n", "\n# escape=`\n", "ARG a\n# escape=`\n", "# x=y\n#escape=`\n",
    ])
  func lateDirective(head: String) {
    #expect(parse(head + "FROM scratch").directives.escape == UInt8(ascii: "\\"))
    #expect(!parse(head + "FROM scratch").hasErrors)
  }

  @Test(
    "a bad directive is an error",
    arguments: [
      ("# escape=`\n# escape=`\n", "only one `escape` parser directive can be used", 2),
      ("# escape=x\n", "invalid escape character `x`", 1),
      ("# check=foo=bar\n", "invalid option `foo` in `# check=`", 1),
      ("# check=error=maybe\n", "invalid value `maybe` for `error` in `# check=`", 1),
    ])
  func badDirective(head: String, message: String, line: Int) throws {
    let found = try #require(parse(head + "FROM scratch").diagnostics.first)
    #expect(found.message == message)
    #expect(found.range == SourceRange(line: line))
  }

  @Test("a line of 64 KiB − 1 is read, a longer one is not")
  func longestLine() {
    let longest = "RUN " + String(repeating: "a", count: 65535 - 4)
    #expect(!parse("FROM scratch\n" + longest + "\nRUN b").hasErrors)
    let found = parse("FROM scratch\n" + longest + "b\nRUN b").diagnostics
    #expect(found.map(\.message) == ["the line is longer than 65535 bytes"])
    #expect(found.first?.range == SourceRange(line: 2))
  }

  @Test("an instruction knows its lines, its text and the comments above it")
  func ranges() throws {
    let all = try instructions("# one\n\n# two\n  Run a \\\n # in\n   b\nRUN <<E\nx\nE\n#\nUSER me")
    #expect(all[0].range == SourceRange(startLine: 5, endLine: 7, startColumn: 2, endColumn: 4))
    #expect(all[0].text == "Run a    b")
    #expect(all[0].keyword == "Run")
    #expect(all[0].comments == ["one", "two"])
    #expect(all[1].range.startLine == 8)
    #expect(all[1].range.endLine == 10)
    #expect(all[1].text == "RUN <<E")
    #expect(all[2].comments.isEmpty)
  }
}
