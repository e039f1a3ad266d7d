/// Says nothing but what went wrong.
struct QuietRenderer: ProgressRenderer {
  private var ledger = BuildLedger()
  private var closing: ClosingWords

  init(colour: Bool) {
    closing = ClosingWords(renderer: DiagnosticRenderer(colour: colour))
  }

  mutating func receive(_ event: BuildEvent, at now: Duration, into out: inout [UInt8]) {
    _ = ledger.enter(event, at: now)
    if case .diagnosed(let diagnostic) = event, diagnostic.severity == .error {
      closing.hold(diagnostic)
    }
  }

  mutating func noteLoss(ofBytes count: Int, at now: Duration, into out: inout [UInt8]) {}

  mutating func close(at now: Duration, into out: inout [UInt8]) {
    out.append(contentsOf: closing.take(for: ledger).utf8)
  }
}
