import Testing

@testable import DockerfileSyntax

@Suite("Hostile sizes")
struct BoundTests {
  @Test("10,000 braces within each other are refused, not followed")
  func nesting() throws {
    let open = String(repeating: "${A:-", count: 10_000)
    for word in [open, open + "x" + String(repeating: "}", count: 10_000)] {
      #expect(throws: ExpansionError.tooDeep) { try Expander().expand(word) { _ in nil } }
    }
    let deep = String(repeating: "${A:-", count: 100) + "x" + String(repeating: "}", count: 100)
    #expect(try Expander().expand(deep) { _ in nil }.text == "x")
    #expect(!parse("FROM scratch\nRUN <<E " + open + "\n").stages.isEmpty)
  }

  @Test("a value that grows without end is refused")
  func growth() {
    let value = String(repeating: "x", count: 1 << 20)
    let word = String(repeating: "$A", count: 100)
    #expect(throws: ExpansionError.tooLong) { try Expander().expand(word) { _ in value } }
    let pattern = "${A//" + String(repeating: "*a", count: 100) + "/}"
    #expect(throws: ExpansionError.tooLong) { try Expander().expand(pattern) { _ in value } }
  }

  @Test("10 MB of one line repeated are read")
  func manyLines() {
    let line = Array(("RUN echo " + String(repeating: "hello ", count: 40) + "\n").utf8)
    var bytes = Array("FROM scratch\n".utf8)
    while bytes.count < 10_000_000 { bytes += line }
    let dockerfile = Dockerfile.parse(bytes)
    #expect(!dockerfile.hasErrors)
    #expect(dockerfile.stages.first?.instructions.count == (bytes.count - 13) / line.count)
  }

  @Test("100,000 continuations are joined, comments and empty lines between them")
  func manyContinuations() throws {
    let text = "RUN a" + String(repeating: " \\\n#c\n\nb", count: 100_000)
    let all = try instructions(text)
    #expect(all.first?.range.endLine == 300_002)
    #expect(all.first?.text.utf8.count == 5 + 200_000)
  }

  @Test("a chain of ONBUILD costs no stack")
  func chain() throws {
    let text = "ONBUILD " + String(repeating: "ONBUILD \\\n", count: 100_000)
    #expect(try refusal(text).message == "`ONBUILD` cannot trigger another `ONBUILD`")
  }

  @Test("JSON within JSON costs no stack")
  func deepJSON() throws {
    let text = "CMD " + String(repeating: "[", count: 60_000)
    #expect(try kind(text) == .cmd(.shell(String(repeating: "[", count: 60_000))))
  }

  @Test("as many comments as names are told apart in time")
  func manyDescriptions() throws {
    let numbers = 0..<50_000
    let comments = numbers.map { "# a\($0) number \($0)\n" }.joined()
    let names = numbers.map { " a\($0) \\\n" }.joined()
    guard case .arg(let arg) = try kind(comments + "ARG" + names) else { throw UnexpectedKind() }
    #expect(arg.arguments.count == 50_000)
    #expect(arg.arguments.last?.comment == "number 49999")
  }

  @Test("many heredocs in one line are read one after the other")
  func manyHeredocs() throws {
    let text =
      "RUN cat" + String(repeating: " <<E", count: 5000) + "\n"
      + String(repeating: "E\n", count: 5000)
    #expect(try run(text).heredocs.count == 5000)
  }

  @Test("100,000 heredocs are read, one in each instruction")
  func manyInstructionsWithHeredocs() throws {
    let all = try instructions(String(repeating: "RUN <<E\na\nE\n", count: 100_000))
    #expect(all.count == 100_000)
    #expect(all.last?.range.endLine == 300_001)
  }

  @Test("100,000 heredocs that nobody ends are one error")
  func unterminatedHeredocs() throws {
    let text = "RUN a" + String(repeating: " \\\n<<'E F'", count: 100_000)
    #expect(try refusal(text).message == "the heredoc `E F` is not terminated")
  }

  @Test("an array of 100,000 strings, pairs, flags and names")
  func wideInstructions() throws {
    let count = 100_000
    let array = "CMD [\"a\"" + String(repeating: ", \\\n\"b\"", count: count - 1) + "]"
    guard case .cmd(.exec(let words)) = try kind(array) else { throw UnexpectedKind() }
    #expect(words.count == count)
    let pairs = "ENV" + String(repeating: " \\\na=\"b c\"", count: count)
    guard case .env(let environment) = try kind(pairs) else { throw UnexpectedKind() }
    #expect(environment.count == count)
    let flags = "COPY" + String(repeating: " \\\n--exclude=a", count: count) + " a b"
    #expect(try copy(flags).exclude.count == count)
    let keys = "RUN --mount=a" + String(repeating: "\\\n,b=c", count: count) + " a"
    #expect(try run(keys).mounts.first?.options.count == count + 1)
    let error = try refusal("ENV A=b" + String(repeating: " \\\nc=d", count: count) + " e")
    #expect(
      error.range
        == SourceRange(startLine: count + 2, endLine: count + 2, startColumn: 4, endColumn: 5))
  }

  @Test("10,000 patterns of a .dockerignore")
  func manyPatterns() throws {
    let lines = (0..<10_000).map { "\($0 % 2 == 0 ? "" : "!")a*b\($0)/**/c?d\n" }.joined()
    let matcher = try DockerIgnore.parse(Array(lines.utf8)).matcher()
    #expect(matcher.matches(Array("axb9998/y/cxd".utf8)))
    #expect(!matcher.matches(Array("axb9999/y/cxd".utf8)))
    let deep = Array(String(repeating: "a/", count: 20_000).utf8.dropLast())
    #expect(try PatternMatcher(["**/b", "a/**/c*"]).matches(deep) == false)
  }

  @Test("any bytes are read without a trap", arguments: 0..<200)
  func noise(seed: UInt64) {
    var generator = SplitMix(state: seed)
    let pieces = [
      "FROM ", "RUN ", "COPY ", "ONBUILD ", "ENV ", "<<", "EOF", "\n", "\\\n", "\"", "'", "$", "{",
      "}",
      "--", "=", "[", "]", ",", " ", "\t", "#", "escape=`\n", "`", "\u{FEFF}", "é", "*", "?", "/",
      "!",
      "HEALTHCHECK ", "--mount=", "type=", "cache", "%", ":-", "\\", "\r\n", "\u{A0}", "check=",
    ]
    var bytes: [UInt8] = []
    for _ in 0..<400 {
      if generator.next() % 20 == 0 {
        bytes.append(UInt8(truncatingIfNeeded: generator.next()))
      } else {
        bytes += Array(pieces[Int(generator.next() % UInt64(pieces.count))].utf8)
      }
    }
    let dockerfile = Dockerfile.parse(bytes)
    #expect(dockerfile.diagnostics.allSatisfy { $0.range.startLine >= 1 })
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? Expander().expand(text) { $0.count > 1 ? "v*" : nil }
    _ = Dockerfile.parseInstruction(text)
    _ = try? FileModeChange.parse(text)
    _ = try? GoPathMatch.matches(pattern: text, path: text)
    _ = try? DockerIgnore.parse(bytes).matcher().matches(bytes)
    for line in text.split(separator: "\n") {
      _ = try? Expander().expand(String(line)) { _ in "a/b*c" }
      _ = try? PatternMatcher([String(line)]).matches(Array("a/b/\(line)".utf8))
    }
  }
}

/// A small generator whose seed a failure prints.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
