import Testing

@testable import Reporting

@Suite("Amounts for people")
struct HumanFormatTests {
  @Test(
    "Bytes have a unit and one decimal",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1050, "1.1 kB"),
      (12_345_678, "12.3 MB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
      (6_200_000_000, "6.2 GB"), (Int64.max, "9.2 EB"), (Int64.min, "-9.2 EB"), (-1500, "-1.5 kB"),
    ] as [(Int64, String)])
  func bytes(count: Int64, expected: String) {
    #expect(HumanFormat.bytes(count) == expected)
  }

  @Test(
    "Durations get coarser as they get longer",
    arguments: [
      (.zero, "0.0s"), (.milliseconds(49), "0.0s"), (.milliseconds(50), "0.1s"),
      (.milliseconds(312), "0.3s"), (.milliseconds(59_949), "59.9s"),
      (.milliseconds(59_950), "1m00s"), (.seconds(72), "1m12s"), (.milliseconds(119_700), "2m00s"),
      (.seconds(3599), "59m59s"), (.seconds(7509), "2h05m09s"), (.seconds(-3), "0.0s"),
      (.milliseconds(-1), "0.0s"),
    ] as [(Duration, String)])
  func durations(duration: Duration, expected: String) {
    #expect(HumanFormat.duration(duration) == expected)
  }

  @Test("The longest durations are no trap")
  func longest() {
    #expect(HumanFormat.duration(.seconds(Int64.max)).hasSuffix("s"))
    #expect(HumanFormat.seconds(.seconds(Int64.max)).hasSuffix(".000"))
  }

  @Test("Counts agree with their nouns")
  func counts() {
    #expect(HumanFormat.count(0, "step") == "0 steps")
    #expect(HumanFormat.count(1, "step") == "1 step")
    #expect(HumanFormat.count(2, "entry", plural: "entries") == "2 entries")
  }

  @Test("Text is cut to cells, not to characters")
  func cells() {
    #expect(TerminalCells.width(of: "abc") == 3)
    #expect(TerminalCells.width(of: "日本") == 4)
    #expect(TerminalCells.width(of: "e\u{301}") == 1)
    #expect(TerminalCells.width(of: "👩‍👩‍👧") == 2)
    #expect(TerminalCells.fit("abcdef", in: 6) == "abcdef")
    #expect(TerminalCells.fit("abcdef", in: 5) == "abcd…")
    #expect(TerminalCells.fit("日本語", in: 5) == "日本…")
    #expect(TerminalCells.fit("日本語", in: 4) == "日…")
    #expect(TerminalCells.fit("abc", in: 0) == "")
    #expect(TerminalCells.fit("a\tb", in: 20) == "a       b")
    #expect(TerminalCells.spread("left", "1.0s", in: 12) == "left    1.0s")
    #expect(TerminalCells.spread("left and more", "1.0s", in: 12) == "left a… 1.0s")
    #expect(TerminalCells.spread("left", "1.0s", in: 3) == "le…")
  }
}
