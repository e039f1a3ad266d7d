import Testing

@testable import DockerfileSyntax

@Suite("Patterns of .dockerignore")
struct PatternMatcherTests {
  @Test(
    "one pattern",
    arguments: [
      ("foo", "foo", true), ("foo", "foo/bar", true), ("foo", "a/foo", false),
      ("foo", "foobar", false),
      ("foo/", "foo/x", true), ("*", "a", true), ("*", "a/b", true), ("*.go", "a.go", true),
      ("*.go", "a/b.go", false),
      ("*/b", "a/b", true), ("*/b", "a/c/b", false), ("a/*/c", "a/b/c/d", true),
      ("a?c", "abc", true),
      ("a?c", "aéc", true), ("a?c", "a/c", false), ("a??c", "aéc", false), ("**", "a", true),
      ("**", "a/b/c", true),
      ("**/foo", "foo", true), ("**/foo", "a/b/foo", true), ("**/foo", "a/xfoo", false),
      ("**/foo", "a/foo/b", true),
      ("**foo", "xfoo", true), ("**foo", "a/xfoo", true), ("foo/**", "foo/a/b", true),
      ("foo/**", "foo", false),
      ("foo**", "foobar/x", true), ("**/*.o", "a.o", true), ("**/*.o", "a/b/c.o", true),
      ("**/*.o", "a/b.oo", false),
      ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true), ("a/**/b", "a/xb", false),
      ("a/**b", "a/b", true),
      ("**/a/**/b", "x/a/y/b", true), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
      ("[^a-c]x", "dx", true),
      ("[é]x", "éx", true), ("a\\*b", "a*b", true), ("a\\*b", "axb", false), ("a.b", "axb", false),
      ("a+b(c)|{d}$", "a+b(c)|{d}$", true), ("/foo", "foo", false), ("./foo", "foo", true),
      ("a/../foo", "foo", true),
      ("a*b*c", "aXbYc", true), ("a*b*c", "abXc", true), ("a*b*c", "ac", false), (".", "a", false),
      ("**/node_modules", "x/node_modules/y/z", true),
      ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
    ])
  func onePattern(pattern: String, path: String, expected: Bool) throws {
    #expect(
      try PatternMatcher([pattern]).matches(Array(path.utf8)) == expected, "\(pattern) \(path)")
  }

  @Test(
    "the last one that matches decides",
    arguments: [
      (["*", "!a"], "a", false), (["*", "!a"], "a/b", false), (["*", "!a"], "b", true),
      (["!a", "*"], "a", true),
      (["docs", "!docs/README.md"], "docs/README.md", false),
      (["docs", "!docs/README.md"], "docs/x", true),
      (["**", "!**/*.go", "vendor"], "a/b.go", false),
      // Nothing that is matched is asked whether it matches once more: a directory that `**` took says
      // nothing of `vendor`, and so neither do its entries (`MatchesUsingParentResults`).
      (["**", "!**/*.go", "vendor"], "vendor/b.go", false),
      (["!**/*.go", "vendor"], "vendor/b.go", true),
      (["a/b", "!a"], "a/b", true), (["a", "!a"], "a/b", false),
      (["a", "!a/b", "a/b/c"], "a/b/d", false), (["a", "!a/b", "a/b/c"], "a/b/c/e", true),
      ([], "a", false),
    ])
  func order(patterns: [String], path: String, expected: Bool) throws {
    #expect(try PatternMatcher(patterns).matches(Array(path.utf8)) == expected)
  }

  @Test("a walk finds what whole paths find, and skips only what it may", arguments: 0..<300)
  func walk(seed: UInt64) throws {
    var generator = SplitMix(state: seed)
    let parts = ["a", "b", "ab", "*", "**", "a*", "?", "[ab]", "**a", "b.c"]
    let patterns = (0..<Int.random(in: 1...70, using: &generator)).map { _ in
      let path = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        parts.randomElement(using: &generator) ?? "a"
      }
      return (Bool.random(using: &generator) ? "!" : "") + path.joined(separator: "/")
    }
    let matcher = try PatternMatcher(Array(patterns.suffix(seed % 3 == 0 ? 70 : 4)))
    func visit(_ path: String, _ state: PatternMatcher.State, depth: Int, skipped: Bool) {
      for name in ["a", "b", "ab", "b.c"] {
        let child = path.isEmpty ? name : path + "/" + name
        let bytes = Array(child.utf8)
        let childState = matcher.state(ofPath: bytes, in: state)
        #expect(childState.isMatched == matcher.matches(bytes), "\(patterns) \(child)")
        #expect(
          bytes.withUnsafeBufferPointer { matcher.matches($0, in: state) } == childState.isMatched)
        if skipped { #expect(childState.isMatched, "\(patterns) \(child) is below a skipped one") }
        if depth < 3 {
          let skips = skipped || matcher.canSkipDirectory(bytes, childState)
          visit(child, childState, depth: depth + 1, skipped: skips)
        }
      }
    }
    visit("", matcher.rootState, depth: 0, skipped: false)
  }

  @Test(
    "a directory is skipped if nothing below can come back",
    arguments: [
      (["*"], "a", true), (["*", "!a/b"], "a", false), (["*", "!b/c"], "a", true),
      (["*", "!**/x"], "a", false),
      (["!a/b", "*"], "a", true), (["*", "!a*/x"], "abc", false), (["*", "!a*/x"], "b", true),
      (["a"], "b", false),
      (["*", "!*/b/c"], "a/b", false), (["*", "!*/b/c"], "a/c", true), (["*", "!ab"], "a", true),
    ])
  func skipping(patterns: [String], path: String, expected: Bool) throws {
    let matcher = try PatternMatcher(patterns)
    var state = matcher.rootState
    let parts = path.split(separator: "/")
    for count in 1...parts.count {
      state = matcher.state(
        ofPath: Array(parts.prefix(count).joined(separator: "/").utf8), in: state)
    }
    #expect(matcher.canSkipDirectory(Array(path.utf8), state) == expected)
  }

  @Test("long patterns and many patterns are no different")
  func large() throws {
    let long = String(repeating: "a?b*", count: 40)
    let path = String(repeating: "axb", count: 40)
    #expect(try PatternMatcher([long]).matches(Array(path.utf8)))
    #expect(try !PatternMatcher([long + "c*d"]).matches(Array(path.utf8)))
    let many = (0..<200).map { "dir\($0)/*.x" }
    #expect(try PatternMatcher(many).matches(Array("dir199/a.x/b".utf8)))
    #expect(try !PatternMatcher(many).matches(Array("dir200/a.x".utf8)))
  }

  @Test("bad patterns are refused", arguments: ["!", "[", "a[", "[]a]", "[a-]", "a\\", "[a"])
  func refused(pattern: String) {
    #expect(throws: PatternError.self) { try PatternMatcher([pattern]) }
  }

  @Test("a file of patterns is trimmed and cleaned; comments start in the first column")
  func file() {
    let text =
      "\u{FEFF}# c\n#d\n #e\n\n  a/ \r\n/b\n!/c\n! d\n./e/../f\n/\n!\n\u{A0}g\u{A0}\n"
    #expect(
      DockerIgnore.parse(Array(text.utf8)).patterns
        == ["#e", "a", "b", "!c", "!d", "f", "/", "!", "g"])
    #expect(DockerIgnore.parse([]).patterns.isEmpty)
  }

  @Test(
    "paths are cleaned as Go cleans them",
    arguments: [
      ("", "."), (".", "."), ("a//b/./c/..", "a/b"), ("../a", "../a"), ("/../a", "/a"),
      ("a/..", "."), ("/", "/"),
      ("a/../../b", "../b"), ("a/", "a"), ("..a/...", "..a/..."),
    ])
  func cleaning(path: String, expected: String) {
    #expect(PathCleaner.clean(path) == expected)
  }

  @Test(
    "Go's filepath.Match",
    arguments: [
      ("abc", "abc", true), ("*", "abc", true), ("*c", "abc", true), ("a*", "a", true),
      ("a*", "ab/c", false),
      ("a*/b", "abc/b", true), ("a*/b", "a/c/b", false), ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
      ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false), ("a*b?c*x", "abxbbxdbxebxczzx", true),
      ("ab[c]", "abc", true),
      ("ab[^c]", "abc", false), ("ab[^e-g]", "abc", true), ("a\\*b", "a*b", true),
      ("a?b", "a☺b", true),
      ("a[^a]b", "a☺b", true), ("a???b", "a☺b", false), ("[a-ζ]*", "α", true),
      ("*[a-ζ]", "A", false),
      ("a?b", "a/b", false), ("a*b", "a/b", false), ("[\\]a]", "]", true), ("[\\-x]", "x", true),
      ("*x", "xxx", true),
      ("", "", true), ("", "a", false), ("[x\\-]", "-", true),
    ])
  func goMatch(pattern: String, path: String, expected: Bool) throws {
    #expect(try GoPathMatch.matches(pattern: pattern, path: path) == expected)
  }

  @Test("wildcards are found unless they are escaped")
  func wildcards() {
    #expect(["*", "a?", "[a]", "\\\\*"].allSatisfy(GoPathMatch.containsWildcard))
    #expect(!["a", "\\*", "a]", "\\[a", ""].contains(where: GoPathMatch.containsWildcard))
  }
}
