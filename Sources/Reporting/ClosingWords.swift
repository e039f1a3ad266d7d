/// What is said when the build is over: the last output of steps that failed, then the findings.
struct ClosingWords: Sendable {
  /// Whoever reports more findings than this has said enough.
  static let mostDiagnostics = 1000

  private let renderer: DiagnosticRenderer
  private var warnings: [Diagnostic] = []
  private var errors: [Diagnostic] = []
  private var leftOut = 0
  private var hasToldFailures = false

  init(renderer: DiagnosticRenderer) {
    self.renderer = renderer
  }

  /// Keeps a finding for the end.
  mutating func hold(_ diagnostic: Diagnostic) {
    guard warnings.count + errors.count < Self.mostDiagnostics else {
      leftOut += 1
      return
    }
    if diagnostic.severity == .error {
      errors.append(diagnostic)
    } else {
      warnings.append(diagnostic)
    }
  }

  /// All that has come up since the last call, with the gravest last, nearest to where the user types next.
  mutating func take(for ledger: BuildLedger) -> String {
    var text = warnings.map(renderer.render).joined()
    for step in ledger.startedSteps where !hasToldFailures {
      guard case .failed = step.outcome, !step.tail.lines.isEmpty else { continue }
      text += "------\n > \(step.name):\n"
      for line in step.tail.lines { text += line.stamped + "\n" }
      text += "------\n"
    }
    hasToldFailures = true
    text += errors.map(renderer.render).joined()
    if leftOut > 0 { text += "and \(HumanFormat.count(leftOut, "more finding"))\n" }
    (warnings, errors, leftOut) = ([], [], 0)
    return text
  }
}
