/// The state of a build as its events tell it; what every renderer for people draws from.
struct BuildLedger: Sendable {
  private(set) var activity = "Building"
  private(set) var detail = ""
  private(set) var outcome: BuildOutcome?
  /// The steps that have started, in that order.
  private(set) var started: [StepID] = []
  private(set) var finishedCount = 0
  private(set) var cachedCount = 0
  private var beganAt: Duration?
  private var endedAt: Duration?
  private var records: [StepID: StepRecord] = [:]

  var isEmpty: Bool { beganAt == nil }
  var announcedCount: Int { records.count }
  var startedSteps: [StepRecord] { started.compactMap { records[$0] } }

  subscript(id: StepID) -> StepRecord? { records[id] }

  func elapsed(at now: Duration) -> Duration {
    (endedAt ?? now) - (beganAt ?? now)
  }

  /// Enters an event; returns the lines of step output that it completes.
  mutating func enter(_ event: BuildEvent, at now: Duration) -> [OutputLine] {
    switch event {
    case .buildStarted(let activity, let detail):
      self.activity = TerminalText.line(activity)
      self.detail = TerminalText.line(detail)
      beganAt = now
    case .stepAnnounced(let id, let name):
      begin(at: now)
      edit(id) { $0.name = TerminalText.line(name) }
    case .stepStarted(let id):
      start(id, at: now)
    case .stepProgressed(let id, let item):
      start(id, at: now)
      edit(id) { $0.take(item) }
    case .stepOutput(let id, let stream, let bytes):
      start(id, at: now)
      return edit(id) { $0.take(bytes, from: stream, at: now) }
    case .stepFinished(let id, let outcome, let duration):
      return finish(id, outcome, after: duration, at: now)
    case .buildFinished(let outcome):
      begin(at: now)
      self.outcome = outcome
      endedAt = now
    case .diagnosed, .imageExported:
      break
    }
    return []
  }

  private mutating func begin(at now: Duration) {
    if beganAt == nil { beganAt = now }
  }

  private mutating func start(_ id: StepID, at now: Duration) {
    begin(at: now)
    guard records[id]?.startedAt == nil else { return }
    edit(id) { $0.startedAt = now }
    started.append(id)
  }

  private mutating func finish(
    _ id: StepID, _ outcome: StepOutcome, after duration: Duration?, at now: Duration
  ) -> [OutputLine] {
    start(id, at: now)
    guard records[id]?.outcome == nil else { return [] }
    finishedCount += 1
    if outcome == .cached { cachedCount += 1 }
    return edit(id) { $0.finish(outcome, after: duration, at: now) }
  }

  /// Steps that were never announced get a name of their number.
  private mutating func edit<Result>(_ id: StepID, _ body: (inout StepRecord) -> Result) -> Result {
    body(&records[id, default: StepRecord(id: id, name: "step \(id.number)")])
  }
}
