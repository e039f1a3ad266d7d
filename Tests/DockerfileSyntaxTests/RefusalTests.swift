import Testing

@testable import DockerfileSyntax

@Suite("What is refused, and the words for it")
struct RefusalTests {
  @Test(
    "a bad instruction is an error that says what to do",
    arguments: [
      ("RNU make", "unknown instruction `RNU`", "did you mean `RUN`?"),
      (
        "apt-get update", "unknown instruction `apt-get`",
        "to go on with the line above, end that line with the escape character"
      ),
      ("COPY --form=a b c", "unknown flag `--form` of `COPY`", "did you mean `--from`?"),
      ("WORKDIR --x /a", "unknown flag `--x` of `WORKDIR`", "`WORKDIR` takes no flags"),
      ("COPY --from=a --from=b c d", "flag `--from` of `COPY` is given twice", nil),
      ("COPY --from a b", "flag `--from` needs a value", "write `--from=<value>`"),
      ("COPY --link=yes a b", "flag `--link` must be `true` or `false`, not `yes`", nil),
      (
        "COPY a", "`COPY` requires at least two arguments, but only one was provided",
        "write `COPY <source>… <destination>`"
      ),
      ("ADD", "`ADD` requires at least two arguments", "write `ADD <source>… <destination>`"),
      ("RUN []", "`RUN` requires at least one argument", nil),
      ("ENV", "`ENV` requires at least one argument", nil),
      ("ENV A", "`ENV` must have two arguments", "write `ENV A=<value>`"),
      (
        "ENV A=b c", "`ENV` cannot find a `=` in `c`",
        "write `name=value`; put a value with blanks in quotes"
      ),
      ("ENV =b", "`ENV` names cannot be blank", nil),
      ("LABEL", "`LABEL` requires at least one argument", nil),
      ("ARG", "`ARG` requires at least one argument", nil),
      ("ARG =a", "`ARG` names cannot be blank", nil),
      ("EXPOSE", "`EXPOSE` requires at least one argument", nil),
      ("VOLUME", "`VOLUME` requires at least one argument", nil),
      ("VOLUME [\" \"]", "`VOLUME` paths cannot be empty", nil),
      ("USER", "`USER` requires exactly one argument", nil),
      ("WORKDIR", "`WORKDIR` requires exactly one argument", nil),
      ("STOPSIGNAL", "`STOPSIGNAL` requires exactly one argument", nil),
      ("MAINTAINER", "`MAINTAINER` requires exactly one argument", nil),
      (
        "SHELL bash -c", "`SHELL` requires its arguments as a JSON array",
        #"write for example `SHELL ["/bin/bash", "-c"]`"#
      ),
      ("SHELL []", "`SHELL` requires at least one argument", nil),
      ("ONBUILD", "`ONBUILD` requires at least one argument", nil),
      ("ONBUILD onbuild RUN a", "`ONBUILD` cannot trigger another `ONBUILD`", nil),
      ("ONBUILD FROM a", "`FROM` cannot be an `ONBUILD` trigger", nil),
      ("ONBUILD MAINTAINER a", "`MAINTAINER` cannot be an `ONBUILD` trigger", nil),
      (
        "HEALTHCHECK", "`HEALTHCHECK` requires at least one argument",
        "write `HEALTHCHECK CMD <command>` or `HEALTHCHECK NONE`"
      ),
      ("HEALTHCHECK NONE a", "`HEALTHCHECK NONE` takes no arguments", nil),
      ("HEALTHCHECK CMD", "`HEALTHCHECK CMD` requires a command", nil),
      (
        "HEALTHCHECK curl x", "unknown type `CURL` of `HEALTHCHECK`",
        "write `HEALTHCHECK CMD <command>` or `HEALTHCHECK NONE`"
      ),
      (
        "HEALTHCHECK --interval=1 CMD a", "`1` is no duration for `--interval`",
        "write for example `30s` or `1m30s`"
      ),
      ("HEALTHCHECK --interval=1us CMD a", "`--interval` cannot be less than 1ms", nil),
      ("HEALTHCHECK --retries=-1 CMD a", "`--retries` must be a number from 0 on, not `-1`", nil),
      (
        "RUN --network=bridge a", "`bridge` is no value for `--network`",
        "its values are `default`, `none`, `host`"
      ),
      (
        "RUN --security=off a", "`off` is no value for `--security`",
        "its values are `sandbox`, `insecure`"
      ),
      ("RUN --device= a", "`--device` needs a name", "write `--device=vendor.com/class=name`"),
      (
        "RUN <<EOF\na", "the heredoc `EOF` is not terminated",
        "put a line with nothing but `EOF` after its body"
      ),
      ("COPY a <<EOF\nEOF", "`COPY` cannot accept a heredoc as its destination", nil),
      (
        "COPY << EOF /a\nEOF", "a heredoc of `COPY` must be a word of its own",
        "write `<<EOF` without blanks in it or around its delimiter"
      ),
      (
        "FROM a AS 1a", "invalid name for a stage: `1a`",
        "start with a letter; go on with letters, digits, `-`, `_` and `.`"
      ),
      (
        "FROM a AS b/c", "invalid name for a stage: `b/c`",
        "start with a letter; go on with letters, digits, `-`, `_` and `.`"
      ),
      (
        "FROM a b", "`FROM` requires either one or three arguments",
        "write `FROM <image> [AS <name>]`"
      ),
      ("FROM", "`FROM` requires either one or three arguments", "write `FROM <image> [AS <name>]`"),
      ("FROM --platfrom=a b", "unknown flag `--platfrom` of `FROM`", "did you mean `--platform`?"),
    ] as [(String, String, String?)])
  func refused(text: String, message: String, hint: String?) throws {
    let error = try refusal(text)
    #expect(error.message == message)
    #expect(error.hint == hint)
    #expect(error.range.startLine == 2)
  }

  @Test("a Dockerfile without instructions, or without FROM, is refused")
  func missing() {
    #expect(parse("").diagnostics.map(\.message) == ["the Dockerfile has no instructions"])
    #expect(parse("# a\n\n").diagnostics.map(\.message) == ["the Dockerfile has no instructions"])
    #expect(parse("ARG a\n").diagnostics.map(\.message) == ["the Dockerfile has no `FROM`"])
    let early = parse("RUN a\nFROM scratch\n").diagnostics
    #expect(early.map(\.message) == ["`RUN` stands before the first `FROM`"])
    #expect(early.first?.range.startLine == 1)
  }

  @Test("bytes that are no UTF-8 are refused where they stand")
  func notUTF8() {
    let found = Dockerfile.parse(
      Array("FROM scratch\n# ok ".utf8) + [0xFF] + Array("\nRUN a".utf8) + [0xC0])
    #expect(found.diagnostics.map(\.message) == ["the instruction is not valid UTF-8"])
    #expect(found.diagnostics.first?.range.startLine == 3)
  }

  @Test("every error is told, in order, up to a bound")
  func manyErrors() {
    let found = parse("FROM scratch\nX\nRUN a\nCOPY b\n").diagnostics
    #expect(found.map(\.range.startLine) == [2, 4])
    #expect(parse(String(repeating: "X\n", count: 100_000)).diagnostics.count == 100)
  }
}
