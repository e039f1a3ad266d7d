import Testing

@testable import Reporting

@Suite("The text of diagnostics")
struct DiagnosticRendererTests {
  private let source = Array(
    """
    FROM base AS build
    WORKDIR /src

    # sources
    COPY . .

    RUN make
    USER 1

    """.utf8)

  private func text(_ diagnostic: Diagnostic) -> String {
    DiagnosticRenderer(colour: false).render(diagnostic)
  }

  private func excerpt(_ marked: ClosedRange<Int>, columns: Range<Int>? = nil) -> SourceExcerpt {
    SourceText(named: "Dockerfile", source).excerpt(marking: marked, columns: columns)
  }

  @Test("The user's own line is shown with its neighbours, then notes, then what to do")
  func golden() {
    #expect(
      text(
        Diagnostic(
          .error, "`RUN make` failed with exit code 2", excerpt: excerpt(7...7),
          notes: ["the step ran for 3.2s"], hint: "install `make` in an earlier step")) == """
          error: `RUN make` failed with exit code 2
            --> Dockerfile:7
             5 |     COPY . .
             6 |
             7 | >>> RUN make
             8 |     USER 1
          note: the step ran for 3.2s
          hint: install `make` in an earlier step

          """)
  }

  @Test("Known columns get carets")
  func carets() {
    #expect(
      text(
        Diagnostic(
          .warning, "stage name", rule: "StageNameCasing", excerpt: excerpt(1...1, columns: 14..<19)
        )) == """
          warning: stage name (StageNameCasing)
            --> Dockerfile:1:14
             1 | >>> FROM base AS build
               |                  ^^^^^
             2 |     WORKDIR /src
             3 |

          """)
  }

  @Test("Carets stand under wide characters and behind tabs")
  func wideCarets() {
    let line = "RUN\t日本 x"
    let excerpt = SourceExcerpt(
      file: "f", firstLine: 1, lines: [line], marked: 1...1, columns: 5..<11)
    #expect(
      text(Diagnostic(.hint, "wide", excerpt: excerpt)) == """
        hint: wide
          --> f:1:5
           1 | >>> RUN     日本 x
             |             ^^^^

        """)
  }

  @Test(
    "Places outside of the source are named, not shown",
    arguments: [
      (0...0, nil), (99...100, nil), (Int.min...Int.min, nil), (Int.max...Int.max, 1..<2),
    ]
      as [(ClosedRange<Int>, Range<Int>?)])
  func outside(marked: ClosedRange<Int>, columns: Range<Int>?) {
    let lines = text(Diagnostic(.error, "no", excerpt: excerpt(marked, columns: columns)))
    #expect(lines.hasPrefix("error: no\n  --> Dockerfile:\(marked.lowerBound)"))
    #expect(!lines.contains(">>>"))
  }

  @Test(
    "Columns outside of the line cannot harm",
    arguments: [0..<0, -5..<2, 1..<1, 18..<900, 400..<401, Int.max..<Int.max, 1..<Int.max])
  func outsideColumns(columns: Range<Int>) {
    let lines = text(Diagnostic(.error, "no", excerpt: excerpt(1...1, columns: columns)))
    #expect(lines.contains("   1 | >>> FROM base AS build\n"))
  }

  @Test("Of a long range only the beginning is shown")
  func longRange() {
    let source = (1...40).map { "line \($0)" }.joined(separator: "\n")
    let excerpt = SourceText(named: "f", Array(source.utf8)).excerpt(marking: 3...30)
    let lines = text(Diagnostic(.error, "long", excerpt: excerpt)).split(separator: "\n")
    #expect(lines.count == 2 + 2 + 10 + 1 + 2)
    #expect(lines[4] == "   3 | >>> line 3")
    #expect(lines[14] == "     | >>> … 18 more lines")
    #expect(lines[15] == "  31 |     line 31")
  }

  @Test("Text from outside can neither write controls nor pose as a message of ours")
  func hostile() {
    let excerpt = SourceExcerpt(
      file: "D\u{1B}[2J\nhint: x", firstLine: 1, lines: ["RUN \u{1B}]0;x\u{07}a\rb"], marked: 1...1)
    #expect(
      text(
        Diagnostic(
          .error, "first\nhint: run this\u{1B}[A", excerpt: excerpt, hint: "second\n\nthird"))
          == """
          error: first
            hint: run this
            --> D hint: x:1
             1 | >>> RUN ab
          hint: second

            third

          """)
  }

  @Test("Colours mark severity, place and hint, and only where they are wanted")
  func colours() {
    let text = DiagnosticRenderer(colour: true).render(
      Diagnostic(.error, "no", excerpt: excerpt(8...8), hint: "yes"))
    #expect(text.hasPrefix("\u{1B}[1;31merror:\u{1B}[0m no\n"))
    #expect(text.contains("   8 | \u{1B}[1;31m>>>\u{1B}[0m USER 1\n"))
    #expect(text.hasSuffix("\u{1B}[1;36mhint:\u{1B}[0m yes\n"))
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  @Test(
    "An error's description is split at its hint",
    arguments: [
      ("no such file", "no such file", nil),
      ("no such file\nhint: make one", "no such file", "make one"),
      ("no such file; hint: make `hint: x`", "no such file", "make `hint: x`"),
      ("no such file hint: make one", "no such file", "make one"),
      ("hint: alone", "hint: alone", nil),
      ("a shint: b", "a shint: b", nil),
      ("", "", nil),
    ])
  func describing(description: String, message: String, hint: String?) {
    let diagnostic = Diagnostic(describing: Failure(description: description))
    #expect(diagnostic.message == message)
    #expect(diagnostic.hint == hint)
    #expect(diagnostic.severity == .error)
  }

  @Test("Lines that end in CR LF and files that end without a newline are shown alike")
  func lineEnds() {
    let unix = SourceText(named: "f", Array("a\nb\n".utf8)).excerpt(marking: 2...2)
    let dos = SourceText(named: "f", Array("a\r\nb".utf8)).excerpt(marking: 2...2)
    #expect(unix == dos)
    #expect(unix.lines == ["a", "b"])
  }
}
