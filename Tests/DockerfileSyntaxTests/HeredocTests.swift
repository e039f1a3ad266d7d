import Testing

@testable import DockerfileSyntax

@Suite("Heredocs")
struct HeredocTests {
  private func body(_ heredoc: Heredoc?) -> String {
    String(decoding: heredoc?.body ?? [], as: UTF8.self)
  }

  @Test("the body ends at a line with nothing but the delimiter")
  func terminator() throws {
    let found = try run("RUN <<EOF\na\n EOF\nEOF \nb\nEOF\n")
    #expect(body(found.heredocs.first) == "a\n EOF\nEOF \nb\n")
    #expect(found.script == .shell("a\n EOF\nEOF \nb\n"))
  }

  @Test("<<- takes tabs from the body and from the delimiter's line")
  func tabs() throws {
    let found = try run("RUN <<-EOF\n\ta\n\t\t b\n\tEOF")
    #expect(body(found.heredocs.first) == "a\n b\n")
    #expect(found.script == .shell("a\n b\n"))
  }

  @Test("carriage returns end no heredoc late and stay in the body")
  func carriageReturns() throws {
    #expect(body(try run("RUN <<E\r\na\r\nE\r\n").heredocs.first) == "a\r\n")
  }

  @Test(
    "the delimiter may be quoted, which spares the body from expansion",
    arguments: [
      ("<<EOF", "EOF", true), ("<<'EOF'", "EOF", false), ("<<\"EOF\"", "EOF", false),
      ("<<E\"O\"F", "EOF", false), ("<<'one two'", "one two", false), ("<<$EOF", "$EOF", true),
      ("<< EOF", "EOF", true), ("3<<EOF", "EOF", true), ("<<-EOF", "EOF", true),
    ])
  func delimiters(word: String, name: String, expands: Bool) throws {
    let found = try run("RUN \(word) cat\na\n\(name)\n")
    #expect(found.heredocs.map(\.name) == [name])
    #expect(found.heredocs.map(\.expands) == [expands])
    #expect(found.heredocs.first?.fileDescriptor == (word.hasPrefix("3") ? 3 : 0))
  }

  @Test(
    "what looks like a heredoc and is none",
    arguments: [
      "RUN cat <<<EOF", "RUN echo $((1<<2))x '<<EOF'", "RUN echo \"<<EOF\"", "RUN echo \\<<EOF",
      "RUN echo 'a <<EOF", "RUN echo ${#x} <<EOF", "CMD cat <<EOF", "RUN [\"cat\", \"<<EOF\"]",
      "RUN cat <<", "ENTRYPOINT <<EOF",
    ])
  func notHeredocs(text: String) throws {
    let all = try instructions(text + "\nUSER me")
    #expect(all.count == 2)
  }

  @Test("a lone heredoc that starts with #! becomes a file to run")
  func shebang() throws {
    let found = try run("RUN <<-PY\n#!/usr/bin/python3\n\tprint(1)\nPY\n")
    #expect(found.script == .file(name: "PY", body: Array("#!/usr/bin/python3\nprint(1)\n".utf8)))
  }

  @Test("a command with heredocs is put together for the shell")
  func reassembly() throws {
    let found = try run(
      "RUN cat <<A <<-B > /x\na\nA\n\tb\n\tB")
    #expect(found.script == .shell("cat <<A <<-B > /x\na\nA\n\tb\nB"))
    #expect(try run("RUN <<A <<B\n1\nA\n2\nB").script == .shell("<<A <<B\n1\nA\n2\nB"))
  }

  @Test("COPY and ADD take heredocs as files, beside paths")
  func files() throws {
    let found = try copy(
      "COPY a <<x.txt <<'y' b /d/\n$X\nx.txt\nY\ny")
    #expect(found.sources == ["a", "b"])
    #expect(found.heredocs.map(\.name) == ["x.txt", "y"])
    #expect(found.heredocs.map(\.expands) == [true, false])
    #expect(body(found.heredocs.last) == "Y\n")
  }

  @Test("the escape character of a Dockerfile does not matter to heredocs")
  func escapeDirective() {
    let dockerfile = parse("# escape=`\nFROM scratch\nRUN <<E\na `\nE\nUSER me\n")
    #expect(!dockerfile.hasErrors)
    #expect(dockerfile.stages.first?.instructions.count == 2)
  }
}
