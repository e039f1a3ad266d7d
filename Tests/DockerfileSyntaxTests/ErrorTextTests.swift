import Reporting
import Testing

@testable import DockerfileSyntax

/// Complete messages, as people see them.
@Suite("The text of errors")
struct ErrorTextTests {
  private func rendered(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let renderer = DiagnosticRenderer(colour: false)
    return Dockerfile.parse(bytes).diagnostics
      .map { renderer.render(Diagnostic($0, in: SourceText(named: "Dockerfile", bytes))) }
      .joined()
  }

  @Test("an unknown instruction")
  func instruction() {
    #expect(
      rendered("FROM scratch\n\tCPOY a b\nUSER me\n") == """
        error: unknown instruction `CPOY`
          --> Dockerfile:2:2
           1 |     FROM scratch
           2 | >>>         CPOY a b
             |             ^^^^
           3 |     USER me
        hint: did you mean `COPY`?

        """)
  }

  @Test("an unknown flag, on a line that goes on")
  func flag() {
    #expect(
      rendered("FROM scratch\nCOPY --chown=me \\\n  --form=\"base é\" \\\n  a b\n") == """
        error: unknown flag `--form` of `COPY`
          --> Dockerfile:3:3
           1 |     FROM scratch
           2 |     COPY --chown=me \\
           3 | >>>   --form="base é" \\
             |       ^^^^^^^^^^^^^^^
           4 |       a b
        hint: did you mean `--from`?

        """)
  }

  @Test("a word at fault, behind tabs and letters beyond ASCII")
  func word() {
    #expect(
      rendered("FROM scratch\nENV A=ü\tB C=漢字\n") == """
        error: `ENV` cannot find a `=` in `B`
          --> Dockerfile:2:10
           1 |     FROM scratch
           2 | >>> ENV A=ü B C=漢字
             |             ^
        hint: write `name=value`; put a value with blanks in quotes

        """)
  }

  @Test("a heredoc without its end, in a file with CRLF")
  func heredoc() {
    #expect(
      rendered("FROM scratch\r\nRUN cat <<-EOF > /x\r\n\tEOF.\r\n") == """
        error: the heredoc `EOF` is not terminated
          --> Dockerfile:2:9
           1 |     FROM scratch
           2 | >>> RUN cat <<-EOF > /x
             |             ^^^^^^
           3 |             EOF.
        hint: put a line with nothing but `EOF` after its body

        """)
  }

  @Test("a name for a stage, behind a byte order mark")
  func stageName() {
    #expect(
      rendered("\u{FEFF}FROM scratch AS 1st\n") == """
        error: invalid name for a stage: `1st`
          --> Dockerfile:1:20
           1 | >>> FROM scratch AS 1st
             |                     ^^^
        hint: start with a letter; go on with letters, digits, `-`, `_` and `.`

        """)
  }

  @Test("a mount that is no record, and an array that is no array of strings")
  func values() {
    #expect(
      rendered("FROM scratch\nRUN --mount=type=\\\"bind true\nCMD [\"a\", 1]\n") == """
        error: cannot read `--mount=type="bind`
          --> Dockerfile:2:5
           1 |     FROM scratch
           2 | >>> RUN --mount=type=\\"bind true
             |         ^^^^^^^^^^^^^^^^^^^
           3 |     CMD ["a", 1]
        hint: write `--mount=type=<type>,<key>=<value>,…`
        error: a JSON array of an instruction must hold strings only
          --> Dockerfile:3:5
           1 |     FROM scratch
           2 |     RUN --mount=type=\\"bind true
           3 | >>> CMD ["a", 1]
             |         ^^^^^^^^
        hint: put each word in double quotes, or leave the brackets away for the shell form

        """)
  }

  @Test("an instruction before the first FROM, and a directive")
  func places() {
    #expect(
      rendered("# escape=^\nRUN a\n") == """
        error: invalid escape character `^`
          --> Dockerfile:1:1
           1 | >>> # escape=^
             |     ^^^^^^^^^^
           2 |     RUN a
        hint: use a backslash or a backquote
        error: `RUN` stands before the first `FROM`
          --> Dockerfile:2:1
           1 |     # escape=^
           2 | >>> RUN a
             |     ^^^
        hint: only `ARG` may come before `FROM`

        """)
  }

  @Test(
    "what is blamed",
    arguments: [
      ("COPY --link=x a b", "--link=x"), ("COPY --from=a --from=b c d", "--from=b"),
      ("COPY --from c d", "--from"), ("RUN --network=lan a", "--network=lan"),
      ("RUN --security=none a", "--security=none"), ("RUN --device=a,b a", "--device=a,b"),
      ("RUN --mount=from=$A,target=/a a", "--mount=from=$A,target=/a"),
      ("HEALTHCHECK --interval=1 CMD a", "--interval=1"),
      ("HEALTHCHECK --timeout=1us CMD a", "--timeout=1us"),
      ("HEALTHCHECK --retries=-1 CMD a", "--retries=-1"), ("HEALTHCHECK curl a", "curl"),
      ("ONBUILD onbuild RUN a", "onbuild"), ("ONBUILD From a", "From"),
      ("ONBUILD CMD [1]", "[1]"), ("ENV A", "A"), ("ENV A=b C D=e", "C"), ("ARG A =b", "=b"),
      ("LABEL =b", "=b"), ("VOLUME [\" \"]", "[\" \"]"), ("SHELL bash -c", "bash -c"),
      ("COPY a b <<E\nE", "<<E"), ("FROM a b", "a b"), ("FROM a AS b c", "a AS b c"),
      ("RUN \\\n--mount=x\\\"y \\\n a", "--mount=x\\\"y"),
    ])
  func blame(text: String, blamed: String) throws {
    let range = try refusal(text).range
    let lines = ("FROM scratch\n" + text).utf8.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let line = Array(lines[range.startLine - 1])
    #expect(range.startLine == range.endLine)
    let start = try #require(range.startColumn)
    let end = try #require(range.endColumn)
    #expect(String(decoding: line[start..<end], as: UTF8.self) == blamed)
  }

  @Test(
    "the word to blame is marked where it stands by itself, a variable in any of its forms",
    arguments: [
      ("COPY a ab a/b b", "b", 15..<16), ("ENV A=$AB$A", "$A", 10..<12),
      ("ENV A=${AB}${A:-x}y", "$A", 12..<19), ("ENV A=x${A", "$A", 8..<11),
      ("ENV A=${A} $A", "$A", 7..<11), ("ENV A=$B", "$A", 1..<9), ("ENV A=\\$A", "$A", 8..<10),
    ])
  func culprits(line: String, word: String, columns: Range<Int>) {
    let excerpt = SourceText(named: "Dockerfile", Array(line.utf8)).excerpt(marking: 1...1)
    #expect(excerpt.pointing(at: word).columns == columns)
  }
}
