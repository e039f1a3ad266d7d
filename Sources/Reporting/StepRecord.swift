/// What is known of one step.
struct StepRecord: Sendable {
  /// Reports of more items than this are left out.
  static let mostItems = 32

  let id: StepID
  var name: String
  var startedAt: Duration?
  var outcome: StepOutcome?
  /// From the step's end on.
  var duration: Duration = .zero
  private(set) var tail = OutputTail()
  /// By label, in the order in which the items appeared.
  private(set) var items: [StepProgress] = []
  private var stdout = LineAssembler()
  private var stderr = LineAssembler()
  private var lastStream = StandardStream.stdout

  init(id: StepID, name: String) {
    self.id = id
    self.name = name
  }

  var isRunning: Bool { startedAt != nil && outcome == nil }

  /// The line that the step is writing just now.
  var unfinishedLine: String? {
    lastStream == .stdout ? stdout.unfinishedLine : stderr.unfinishedLine
  }

  func elapsed(at now: Duration) -> Duration {
    outcome == nil ? now - (startedAt ?? now) : duration
  }

  /// Returns the lines that the output completes.
  mutating func take(_ bytes: [UInt8], from stream: StandardStream, at now: Duration)
    -> [OutputLine]
  {
    lastStream = stream
    switch stream {
    case .stdout: return keep(stdout.lines(completedBy: bytes), at: now)
    case .stderr: return keep(stderr.lines(completedBy: bytes), at: now)
    }
  }

  mutating func take(_ item: StepProgress) {
    if let index = items.firstIndex(where: { $0.label == item.label }) {
      items[index] = item
    } else if items.count < Self.mostItems {
      items.append(item)
    }
  }

  /// Returns the lines that had begun.
  mutating func finish(_ outcome: StepOutcome, after duration: Duration?, at now: Duration)
    -> [OutputLine]
  {
    let lines = keep([stdout.finish(), stderr.finish()].compactMap(\.self), at: now)
    self.duration = duration ?? elapsed(at: now)
    self.outcome = outcome
    items.removeAll()
    // Nobody asks for the last words of a step that did not fail.
    if case .failed = outcome {} else { tail.removeAll() }
    return lines
  }

  private mutating func keep(_ texts: [String], at now: Duration) -> [OutputLine] {
    let elapsed = elapsed(at: now)
    return texts.map { text in
      let line = OutputLine(elapsed: elapsed, text: text)
      tail.append(line)
      return line
    }
  }
}
