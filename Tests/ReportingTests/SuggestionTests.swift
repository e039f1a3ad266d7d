import Testing

@testable import Reporting

@Suite("Did you mean")
struct SuggestionTests {
  private let instructions = ["FROM", "RUN", "COPY", "ADD", "WORKDIR", "ENTRYPOINT", "ENV"]

  @Test(
    "The closest word within the limit is found",
    arguments: [
      ("FORM", "FROM"), ("CPOY", "COPY"), ("copy", "COPY"), ("WORKDIRR", "WORKDIR"),
      ("ENTRPOINT", "ENTRYPOINT"), ("ENTYRPINT", "ENTRYPOINT"), ("RUM", "RUN"), ("EN", "ENV"),
      ("SHELL", nil), ("X", nil), ("", nil), ("RUN", nil),
    ])
  func closest(word: String, expected: String?) {
    #expect(Suggestion.closest(to: word, among: instructions) == expected)
  }

  @Test("The first of equally close words is taken, and a limit holds")
  func ties() {
    #expect(Suggestion.closest(to: "cat", among: ["bat", "hat"]) == "bat")
    #expect(Suggestion.closest(to: "cast", among: ["vest", "cost"]) == "cost")
    #expect(Suggestion.closest(to: "kitten", among: ["sitting"], limit: 2) == nil)
    #expect(Suggestion.closest(to: "kitten", among: ["sitting"], limit: 3) == "sitting")
    #expect(Suggestion.closest(to: "a", among: [""], limit: 5) == nil)
  }

  @Test("Absurdly long words are nobody's slip")
  func longWords() {
    let long = String(repeating: "a", count: 1_000_000)
    #expect(Suggestion.closest(to: long, among: [long + "b"]) == nil)
    #expect(Suggestion.closest(to: "aa", among: [long]) == nil)
  }

  @Test("The hint names the word in backquotes")
  func hint() {
    #expect(Suggestion.hint(for: "FORM", among: instructions) == "did you mean `FROM`?")
    #expect(Suggestion.hint(for: "SHELL", among: instructions) == nil)
  }
}
