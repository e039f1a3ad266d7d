import Testing

@testable import Reporting

@Suite("Lines of step output")
struct LineAssemblerTests {
  private func lines(_ chunks: [[UInt8]]) -> [String] {
    var assembler = LineAssembler()
    var lines = chunks.flatMap { assembler.lines(completedBy: $0) }
    if let last = assembler.finish() { lines.append(last) }
    return lines
  }

  @Test(
    "Sequences and controls are left out, the text around them stays",
    arguments: [
      ("plain", "plain"),
      ("\u{1B}[1;31mred\u{1B}[0m", "red"),
      ("a\u{1B}[38;2;1;2;3mb", "ab"),
      ("a\u{1B}]0;title\u{07}b", "ab"),
      ("a\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\b", "alinkb"),
      ("a\u{1B}P1$q\u{1B}\\b", "ab"),
      ("a\u{1B}(0b", "ab"),
      ("a\u{1B}cb", "ab"),
      ("a\u{1B}\u{1B}[Ab", "ab"),
      ("bell\u{07}\u{00}\u{7F}.", "bell."),
      ("ab\u{08}\u{08}\u{08}xy", "xy"),
      ("é\u{08}e", "e"),
      ("10%\r20%\r", "20%"),
      ("\u{9B}31mx", "31mx"),
      ("a\u{202E}b\u{2066}c", "a\u{FFFD}b\u{FFFD}c"),
      ("tab\there", "tab\there"),
      ("日本語 🚀 é", "日本語 🚀 é"),
    ])
  func sanitised(input: String, expected: String) {
    let bytes = Array(input.utf8)
    #expect(lines([bytes]) == [expected])
    #expect(lines(bytes.map { [$0] }) == [expected], "byte by byte")
  }

  @Test("Lines end in newlines, carriage returns before them count for nothing")
  func lineEnds() {
    #expect(lines([Array("a\r\nb\n\nc".utf8)]) == ["a", "b", "", "c"])
    #expect(lines([Array("a\r".utf8), Array("\nb".utf8)]) == ["a", "b"])
  }

  @Test("A command string without an end does not swallow the next line")
  func unterminatedString() {
    #expect(lines([Array("a\u{1B}]0;forever\nb\n\u{1B}[12\nc\n".utf8)]) == ["a", "b", "", "c"])
  }

  @Test(
    "What is not UTF-8 becomes U+FFFD", arguments: [[0xFF], [0xC3], [0xC0], [0xED, 0xA0, 0x80]])
  func invalid(bytes: [UInt8]) {
    let line = lines([[0x41] + bytes + [0x42]])
    #expect(line.count == 1)
    #expect(line[0].hasPrefix("A\u{FFFD}") && line[0].hasSuffix("B"))
  }

  @Test("A line without an end is broken and nothing of it lost")
  func endlessLine() {
    var assembler = LineAssembler()
    let total = LineAssembler.longestLine * 3
    var lines: [String] = []
    for _ in 0..<(total / 64) {
      lines += assembler.lines(completedBy: Array(repeating: UInt8(ascii: "x"), count: 64))
    }
    #expect(lines.count == 3)
    #expect(lines.map(\.utf8.count).reduce(0, +) == total)
    #expect(assembler.lines(completedBy: [0x0A]) == [])
    #expect(assembler.lines(completedBy: [0x0A]) == [""])
  }

  @Test("Any cut of the bytes gives the same lines")
  func anyCut() {
    var random = SeededGenerator(seed: 5)
    let alphabet: [UInt8] = [
      0x1B, 0x5B, 0x5D, 0x07, 0x5C, 0x0A, 0x0D, 0x08, 0x41, 0x6D, 0x3B, 0xC3, 0xA9, 0xF0, 0x9F,
      0x9A, 0x80, 0xFF, 0x20, 0x09,
    ]
    for _ in 0..<500 {
      let bytes = (0..<40).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      let cut = Int.random(in: 0...40, using: &random)
      #expect(lines([bytes]) == lines([Array(bytes[..<cut]), Array(bytes[cut...])]), "\(bytes)")
    }
  }

  @Test("Source text is shown whole: nothing in it overwrites")
  func sourceText() {
    #expect(TerminalText.line("RUN evil\r# nice") == "RUN evil# nice")
    #expect(TerminalText.line("a\nb") == "a b")
    #expect(TerminalText.lines("a\r\nb") == ["a", "b"])
  }
}
