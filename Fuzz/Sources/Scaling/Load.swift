import DockerfileSyntax
import Reporting

/// Work whose time must grow with its size and no faster.
struct Load: Sendable {
  var name: String
  /// A size that takes long enough to be measured.
  var size: Int
  /// Makes the input of a size, and gives what is to be timed.
  var prepare: @Sendable (Int) -> () -> Void

  private static func dockerfile(
    _ name: String, _ size: Int, _ text: @escaping @Sendable (Int) -> String
  ) -> Load {
    Load(name: name, size: size) { size in
      let bytes = Array(("FROM scratch\n" + text(size)).utf8)
      return { _ = Dockerfile.parse(bytes) }
    }
  }

  private static func word(
    _ name: String, _ size: Int, _ text: @escaping @Sendable (Int) -> String
  ) -> Load {
    Load(name: name, size: size) { size in
      let word = text(size)
      return { _ = try? Expander().expand(word) { $0 == "A" ? "a" : nil } }
    }
  }

  private static func repeated(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count)
  }

  /// Everything that is measured.
  static let all: [Load] = [
    dockerfile("lines", 20_000) { repeated("RUN echo hello\n", $0) },
    dockerfile("unknown instructions", 100_000) { repeated("X\n", $0) },
    dockerfile("stages", 10_000) { repeated("FROM scratch AS a\nRUN b\n", $0) },
    dockerfile("continuations", 100_000) { "RUN a" + repeated(" \\\nb", $0) },
    dockerfile("continuations of comments and empty lines", 100_000) {
      "RUN a" + repeated(" \\\n# c\n\nb", $0)
    },
    dockerfile("heredocs, one an instruction", 20_000) { repeated("RUN <<E\na\nE\n", $0) },
    dockerfile("heredocs, all in one", 20_000) {
      "RUN a" + repeated(" \\\n<<E", $0) + "\n" + repeated("E\n", $0)
    },
    dockerfile("openings of heredocs that nobody ends", 50_000) {
      "RUN a" + repeated(" \\\n<<'E F'", $0) + "\n"
    },
    dockerfile("a heredoc's body", 400_000) { "RUN <<E\n" + repeated("abc\n", $0) + "E\n" },
    dockerfile("JSON", 50_000) { "CMD [\"a\"" + repeated(", \\\n\"b\"", $0) + "]\n" },
    dockerfile("JSON within JSON", 100_000) { "CMD " + repeated("[ \\\n", $0) + "\n" },
    dockerfile("pairs of ENV", 50_000) { "ENV" + repeated(" \\\na=\"b c\"", $0) + "\n" },
    dockerfile("names of ARG with descriptions", 20_000) { count in
      (0..<count).map { "# a\($0) x\n" }.joined() + "ARG"
        + (0..<count).map { " a\($0) \\\n" }.joined() + "\n"
    },
    dockerfile("flags", 20_000) { "COPY" + repeated(" \\\n--exclude=a", $0) + " a b\n" },
    dockerfile("keys of a mount", 20_000) { "RUN --mount=a" + repeated("\\\n,b=c", $0) + " a\n" },
    dockerfile("a chain of ONBUILD", 50_000) { repeated("ONBUILD \\\n", $0) + "RUN a\n" },
    Load(name: "findings, as people see them", size: 5_000) { size in
      let bytes = Array(("FROM scratch\n" + repeated("MAINTAINER a\n", size)).utf8)
      return {
        let source = SourceText(named: "Dockerfile", bytes)
        _ = Dockerfile.parse(bytes).diagnostics.map { Diagnostic($0, in: source) }
      }
    },
    word("variables", 50_000) { repeated("$A-", $0) },
    word("variables in quotes", 50_000) { repeated("\"${A:-b}\"", $0) },
    word("braces within braces", 200_000) { repeated("${A:-", $0) },
    word("braces side by side", 20_000) { repeated("${A/a/${B:-c}}", $0) },
    word("a pattern", 20_000) { "${A//" + repeated("*a", 20) + "/}" + repeated("x", $0) },
    Load(name: "a value that is searched", size: 5_000) { size in
      let value = repeated("ab", size)
      return { _ = try? Expander().expand("${A//a*b*a/x}${A%%b*}${A#*b}") { _ in value } }
    },
    Load(name: "matches that are replaced", size: 5_000) { size in
      let value = repeated("ab", size)
      return { _ = try? Expander().expand("${A//b/x}") { _ in value } }
    },
    Load(name: "a heredoc that is expanded", size: 50_000) { size in
      let body = Array(repeated("a ${A} 'b'\n", size).utf8)
      return { _ = try? Expander.expandDocument(body) { _ in "a" } }
    },
    Load(name: "patterns that are read", size: 10_000) { size in
      let bytes = Array((0..<size).map { "a\($0)/**/*.o\n" }.joined().utf8)
      return { _ = try? DockerIgnore.parse(bytes).matcher() }
    },
    Load(name: "patterns that are asked", size: 10_000) { size in
      let patterns = (0..<size).map { "\($0 % 2 == 0 ? "" : "!")a*b\($0)/**/c?d" }
      guard let matcher = try? PatternMatcher(patterns) else { return {} }
      let path = Array("a/x/y/abcd/e/f/g".utf8)
      return { _ = (0..<10).map { _ in matcher.matches(path) } }
    },
    Load(name: "a path that is matched", size: 20_000) { size in
      guard let matcher = try? PatternMatcher(["**/a*a*a*b*"]) else { return {} }
      let path = Array(repeated("a", size).utf8)
      return { _ = matcher.matches(path) }
    },
    Load(name: "a wildcard of COPY", size: 50_000) { size in
      guard let pattern = try? GoPathPattern("*a*b") else { return {} }
      let path = Array(repeated("a", size).utf8)
      return { _ = pattern.matches(path) }
    },
  ]
}
