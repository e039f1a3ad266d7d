import Testing

@testable import Reporting

@Suite("How progress is shown")
struct ProgressModeTests {
  private func terminal(
    _ isTerminal: Bool = true, dumb: Bool = false, columns: Int? = 80, rows: Int = 24
  ) -> TerminalTraits {
    TerminalTraits(
      isTerminal: isTerminal, isDumb: dumb, refusesColour: false,
      size: columns.map { TerminalSize(columns: $0, rows: rows) })
  }

  @Test(
    "It is drawn in place only on a terminal that is fit for it",
    arguments: [
      ProgressMode.auto, .tty,
    ])
  func drawing(mode: ProgressMode) {
    #expect(mode.resolved(on: terminal()) == .tty)
    #expect(mode.resolved(on: terminal(false)) == .plain)
    #expect(mode.resolved(on: terminal(dumb: true)) == .plain)
    #expect(mode.resolved(on: terminal(columns: 20)) == .plain)
    #expect(mode.resolved(on: terminal(rows: 3)) == .plain)
  }

  @Test("A terminal of unknown size is drawn on only by request")
  func unknownSize() {
    #expect(ProgressMode.auto.resolved(on: terminal(columns: nil)) == .plain)
    #expect(ProgressMode.tty.resolved(on: terminal(columns: nil)) == .tty)
  }

  @Test(
    "The other modes are what they say anywhere",
    arguments: [
      ProgressMode.plain, .rawjson, .quiet,
    ])
  func others(mode: ProgressMode) {
    #expect(mode.resolved(on: terminal()) == mode)
    #expect(mode.resolved(on: terminal(false)) == mode)
  }

  @Test("The names are those of --progress")
  func names() {
    #expect(ProgressMode.allCases.map(\.rawValue) == ["auto", "plain", "tty", "rawjson", "quiet"])
  }

  @Test("Colours need a terminal that has them and a user who does not refuse")
  func colours() {
    func detect(_ variables: [String: String]) -> TerminalTraits {
      var traits = TerminalTraits.detect(-1) { variables[$0] }
      #expect(!traits.isTerminal && traits.size == nil && !traits.hasColour)
      traits.isTerminal = true
      return traits
    }
    #expect(detect([:]).hasColour)
    #expect(detect(["NO_COLOR": ""]).hasColour)
    #expect(!detect(["NO_COLOR": "1"]).hasColour)
    #expect(!detect(["TERM": "dumb"]).hasColour)
  }
}
