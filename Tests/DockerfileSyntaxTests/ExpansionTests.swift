import Testing

@testable import DockerfileSyntax

@Suite("Expansion")
struct ExpansionTests {
  private static let environment = [
    "A": "a", "E": "", "P": "foo/bar/baz.tar.gz", "V": "a.b.a.b", "L": "1\n2", "S": "x  y",
    "STAR": "a*b?c", "BS": #"a\b"#,
  ]

  private func expand(_ word: String, escape: UInt8 = UInt8(ascii: "\\")) throws -> Expansion {
    try Expander(escape: escape).expand(word) { Self.environment[$0] }
  }

  @Test(
    "operators",
    arguments: [
      ("${A-w}", "a"), ("${N-w}", "w"), ("${E-w}", ""), ("${E:-w}", "w"), ("${N:-$A}", "a"),
      ("${A+w}", "w"), ("${E+w}", "w"), ("${E:+w}", ""), ("${N+w}", ""), ("${A?m}", "a"),
      ("${E?m}", ""), ("${A:-'x}y'}", "a"), ("${N:-'x}y'}", "x}y"), ("${N:-\"a b\"}", "a b"),
      ("${P#*/}", "bar/baz.tar.gz"), ("${P##*/}", "baz.tar.gz"), ("${P%.*}", "foo/bar/baz.tar"),
      ("${P%%.*}", "foo/bar/baz"), ("${P#foo}", "/bar/baz.tar.gz"),
      ("${P#x}", "foo/bar/baz.tar.gz"),
      ("${P%?z}", "foo/bar/baz.tar."), ("${N#x}", ""), ("${STAR#a\\*}", "b?c"),
      ("${STAR%\\?c}", "a*b"),
      ("${V/a/X}", "X.b.a.b"), ("${V//a/X}", "X.b.X.b"), ("${V//./}", "abab"), ("${V/a*b/X}", "X"),
      ("${V//b?/X}", "a.Xa.b"), ("${P/\\//-}", "foo-bar/baz.tar.gz"),
      ("${P//\\//-}", "foo-bar-baz.tar.gz"),
      ("${L//?/x}", "x\nx"), ("${L/*/x}", "x\n2"), ("${A//a/$A$A}", "aa"),
      ("${A//a/[\\$0]}", "[\\a]"),
      ("${A/a/[\\$0]}", "[\\$0]"), ("${A//a/\\$\\$}", "\\$\\$"), ("${A한}", ""), ("${A//x*/}", "a"),
      ("${A///-}", "-a-"),
      ("${V/[ab]/X}", "a.b.a.b"), ("${A/a/}", ""), ("${N/a/b}", ""), ("${P%%/*}", "foo"),
    ])
  func operators(word: String, expected: String) throws {
    #expect(try expand(word).text == expected, "\(word)")
  }

  @Test(
    "quotes and escapes",
    arguments: [
      ("'$A'", "$A"), ("\"$A\"", "a"), ("\"\\a\\$A\\\"\\\\\"", "\\a$A\"\\"), ("\\a\\'", "a'"),
      ("a\\", "a"),
      ("$", "$"), ("$.", "$."), ("a$", "a$"), ("$$", ""), ("$A$A", "aa"), ("$Ab", ""),
      ("${A}b", "ab"),
      ("$1A", "A"), ("~ $(x)", "~ $(x)"), ("\"'$A'\"", "'a'"), ("'\"'", "\""), ("$BS", "a\\b"),
    ])
  func quotes(word: String, expected: String) throws {
    #expect(try expand(word).text == expected, "\(word)")
  }

  @Test("the escape character may be a backquote")
  func backquote() throws {
    #expect(try expand("`$A \\$A C:\\x", escape: UInt8(ascii: "`")).text == "$A \\a C:\\x")
  }

  @Test(
    "what is refused",
    arguments: [
      ("'a", .unterminatedSingleQuote), ("\"a", .unterminatedDoubleQuote),
      ("\"a\\", .unterminatedDoubleQuote),
      ("${A", .missingBrace), ("${", .missingBrace), ("${A:", .missingBrace),
      ("${A:-", .missingBrace),
      ("${}", .badSubstitution), ("${:x}", .badSubstitution), ("${{A}", .badSubstitution),
      ("${A/b}", .missingSlash), ("${A/b/c", .missingBrace),
      ("${A:#x}", .unsupportedModifier(":#")),
      ("${A:%x}", .unsupportedModifier(":%")), ("${A:=x}", .unsupportedModifier(":=")),
      ("${A^}", .unsupportedModifier("^")),
      ("${A#\\x}", .invalidPattern("\\x")),
      ("${N?}", .required(name: "N", message: "is not allowed to be unset")),
      ("${E:?}", .required(name: "E", message: "is not allowed to be empty")),
      ("${N:?give $A}", .required(name: "N", message: "give a")),
      ("${A:-${N?x}}", .required(name: "N", message: "x")),
    ] as [(String, ExpansionError)])
  func refused(word: String, error: ExpansionError) {
    #expect(throws: error, "\(word)") { try expand(word) }
  }

  @Test("used and unset variables are told")
  func reports() throws {
    let found = try expand("$A ${N} ${M:-x} ${O+y} $E")
    #expect(found.used == ["A", "E"])
    #expect(found.unset == ["N", "M", "O"])
    #expect(try expand("plain").unset.isEmpty)
  }

  @Test(
    "words are cut behind the expansion",
    arguments: [
      ("$S z", ["x", "y", "z"]), ("\"$S\" z", ["x  y", "z"]), ("", []), ("  ", []), ("\"\"", []),
      ("a\\ b 'c d'", ["a b", "c d"]), ("80 81/udp", ["80", "81/udp"]), ("$N", []),
      ("a << b", ["a", "<< b"]),
      ("a\u{00A0}b", ["a", "b"]),
    ])
  func words(text: String, expected: [String]) throws {
    #expect(try expand(text).words == expected)
  }

  @Test(
    "the body of a heredoc keeps quotes and drops backslashes",
    arguments: [
      ("a $A '$A' \"$A\"", "a a 'a' \"a\""), ("\\${A}", "${A}"), ("a\\nb\\\\c", "anb\\c"),
      ("'", "'"),
      ("${N:-x}\n", "x\n"), ("`$A`", "`a`"), ("a\\", "a"),
    ])
  func documents(body: String, expected: String) throws {
    let found = try Expander.expandDocument(Array(body.utf8)) { Self.environment[$0] }
    #expect(String(decoding: found.text, as: UTF8.self) == expected)
  }

  @Test("bytes that are no text go through a heredoc unchanged")
  func binaryDocument() throws {
    let body: [UInt8] = [0xFF, 0x00, 0x24, 0x41, 0xC3]
    #expect(try Expander.expandDocument(body) { _ in "x" }.text == [0xFF, 0x00, 0x78, 0xC3])
  }
}
