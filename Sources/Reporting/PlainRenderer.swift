/// Progress as lines that are only ever added, in the form of BuildKit's plain progress:
///
///     #5 [build 3/7] RUN go build
///     #5 0.312 a line of output, 0.312 seconds after the step's start
///     #5 DONE 1.2s
///
/// One step has the floor at a time, and what the others have to say waits: finished steps speak
/// as soon as the floor is free, and who has held it for a second gives it up (`#5 ...`). Nothing
/// is left out.
struct PlainRenderer: ProgressRenderer {
  /// How long a step may have the floor while others wait.
  static let longestTurn = Duration.seconds(1)
  /// When more waits than this, the floor passes at once.
  static let mostWaitingBytes = 256 * 1024
  /// How often an item's progress is worth a line.
  static let progressInterval = Duration.seconds(5)

  private var ledger = BuildLedger()
  private var closing: ClosingWords
  private let diagnostics: DiagnosticRenderer

  private var floor: StepID?
  private var floorTakenAt = Duration.zero
  private var waiting: [StepID] = []
  /// By step, for exactly those that wait.
  private var held: [StepID: [String]] = [:]
  private var heldBytes = 0
  private var progressSaidAt: [StepID: Duration] = [:]
  private var isFirstBlock = true
  private var isConcluded = false

  init(colour: Bool) {
    diagnostics = DiagnosticRenderer(colour: colour)
    closing = ClosingWords(renderer: diagnostics)
  }

  var refreshInterval: Duration? {
    waiting.isEmpty ? nil : Self.longestTurn
  }

  mutating func receive(_ event: BuildEvent, at now: Duration, into out: inout [UInt8]) {
    let output = ledger.enter(event, at: now)
    switch event {
    case .buildStarted:
      let title = "#0 \(ledger.activity.lowercased()) \(ledger.detail)"
      block(title.hasSuffix(" ") ? String(title.dropLast()) : title, into: &out)
    case .stepAnnounced:
      break
    case .stepStarted(let id):
      say([], by: id, at: now, into: &out)
    case .stepProgressed(let id, let item):
      say(progressLines(item, of: id, at: now), by: id, at: now, into: &out)
    case .stepOutput(let id, _, _):
      say(numbered(output, id), by: id, at: now, into: &out)
    case .stepFinished(let id, _, _):
      say(numbered(output, id) + [verdict(on: id)], by: id, at: now, into: &out)
      if floor == id {
        floor = nil
        passFloor(at: now, into: &out)
      }
    case .diagnosed(let diagnostic):
      receive(diagnostic, into: &out)
    case .imageExported(let line):
      block(TerminalText.line(line), into: &out)
    case .buildFinished:
      conclude(at: now, into: &out)
    }
    refresh(at: now, into: &out)
  }

  mutating func refresh(at now: Duration, into out: inout [UInt8]) {
    guard !waiting.isEmpty else { return }
    guard now - floorTakenAt >= Self.longestTurn || heldBytes > Self.mostWaitingBytes else {
      return
    }
    leaveFloor(into: &out)
    passFloor(at: now, into: &out)
  }

  mutating func noteLoss(ofBytes count: Int, at now: Duration, into out: inout [UInt8]) {
    let size = HumanFormat.bytes(Int64(count))
    block("#0 \(size) of output left out: nobody read it in time", into: &out)
  }

  mutating func close(at now: Duration, into out: inout [UInt8]) {
    if isConcluded {
      out.append(contentsOf: closing.take(for: ledger).utf8)
    } else {
      conclude(at: now, into: &out)
    }
  }

  // MARK: The floor

  private mutating func say(
    _ lines: [String], by id: StepID, at now: Duration, into out: inout [UInt8]
  ) {
    if floor == nil { takeFloor(id, at: now, into: &out) }
    if floor == id {
      for line in lines { out.append(line: line) }
    } else {
      if held[id] == nil { waiting.append(id) }
      held[id, default: []] += lines
      heldBytes += lines.reduce(0) { $0 + $1.utf8.count }
    }
  }

  private mutating func takeFloor(_ id: StepID, at now: Duration, into out: inout [UInt8]) {
    floor = id
    floorTakenAt = now
    beginBlock(into: &out)
    out.append(line: "#\(id.number) \(ledger[id]?.name ?? "")")
    for line in held.removeValue(forKey: id) ?? [] {
      heldBytes -= line.utf8.count
      out.append(line: line)
    }
  }

  private mutating func leaveFloor(into out: inout [UInt8]) {
    guard let id = floor else { return }
    floor = nil
    if ledger[id]?.isRunning ?? false { out.append(line: "#\(id.number) ...") }
  }

  /// Lets every finished step speak, then gives the floor to who has waited longest.
  private mutating func passFloor(at now: Duration, into out: inout [UInt8]) {
    let finished = waiting.filter { !(ledger[$0]?.isRunning ?? false) }
    waiting.removeAll { !(ledger[$0]?.isRunning ?? false) }
    for id in finished { takeFloor(id, at: now, into: &out) }
    floor = nil
    guard !waiting.isEmpty else { return }
    takeFloor(waiting.removeFirst(), at: now, into: &out)
  }

  private mutating func beginBlock(into out: inout [UInt8]) {
    if !isFirstBlock { out.append(line: "") }
    isFirstBlock = false
  }

  private mutating func block(_ text: String, into out: inout [UInt8]) {
    leaveFloor(into: &out)
    beginBlock(into: &out)
    out.append(line: text)
  }

  // MARK: Lines

  private func numbered(_ lines: [OutputLine], _ id: StepID) -> [String] {
    lines.map { "#\(id.number) \($0.stamped)" }
  }

  private mutating func progressLines(_ item: StepProgress, of id: StepID, at now: Duration)
    -> [String]
  {
    let isDue = progressSaidAt[id].map { now - $0 >= Self.progressInterval } ?? false
    if progressSaidAt[id] == nil { progressSaidAt[id] = now }
    guard item.isComplete || isDue else { return [] }
    progressSaidAt[id] = now
    return ["#\(id.number) \(item.summary)\(item.isComplete ? " done" : "")"]
  }

  private func verdict(on id: StepID) -> String {
    let step = ledger[id]
    let duration = HumanFormat.duration(step?.duration ?? .zero)
    return switch step?.outcome {
    case .cached: "#\(id.number) CACHED"
    case .failed(let reason): "#\(id.number) ERROR: \(TerminalText.line(reason))"
    case .cancelled: "#\(id.number) CANCELED"
    case .done, nil: "#\(id.number) DONE \(duration)"
    }
  }

  // MARK: Findings and the end

  private mutating func receive(_ diagnostic: Diagnostic, into out: inout [UInt8]) {
    // An error is the last thing said, where the user looks first.
    if diagnostic.severity == .error, !isConcluded {
      closing.hold(diagnostic)
    } else {
      leaveFloor(into: &out)
      beginBlock(into: &out)
      out.append(contentsOf: diagnostics.render(diagnostic).utf8)
    }
  }

  private mutating func conclude(at now: Duration, into out: inout [UInt8]) {
    guard !isConcluded else { return }
    for step in ledger.startedSteps where step.isRunning {
      let lines = ledger.enter(.stepFinished(step.id, .cancelled), at: now)
      say(numbered(lines, step.id) + [verdict(on: step.id)], by: step.id, at: now, into: &out)
    }
    floor = nil
    passFloor(at: now, into: &out)
    if let outcome = ledger.outcome, outcome != .failed || !ledger.startedSteps.isEmpty {
      block(summary(of: outcome, at: now), into: &out)
    }
    let words = closing.take(for: ledger)
    if !words.isEmpty {
      beginBlock(into: &out)
      out.append(contentsOf: words.utf8)
    }
    isConcluded = true
  }

  private func summary(of outcome: BuildOutcome, at now: Duration) -> String {
    let verdict =
      switch outcome {
      case .succeeded: "DONE"
      case .failed: "ERROR"
      case .cancelled: "CANCELED"
      }
    var counts = HumanFormat.count(ledger.finishedCount, "step")
    if ledger.cachedCount > 0 { counts += ", \(ledger.cachedCount) cached" }
    return "#0 \(verdict) \(HumanFormat.duration(ledger.elapsed(at: now))) (\(counts))"
  }
}
