/// Lays a build out on the rows of a terminal:
///
///     [+] Building 3.2s (7/12)                                    detail
///      => CACHED [build 2/7] WORKDIR /src                           0.0s
///      => [build 3/7] RUN go build                                  2.1s
///      => => # the last lines of its output
struct FrameComposer {
  /// How many lines of output and progress a running step may show.
  static let mostDetails = 6

  let ledger: BuildLedger
  let now: Duration
  let columns: Int

  /// The build as it stands, in at most `rows` rows.
  ///
  /// Rows go to the header, then to running steps, then round by round to their output, and what
  /// is left to the steps that finished last.
  func live(rows: Int) -> [StyledLine] {
    let steps = ledger.startedSteps
    let running = steps.filter(\.isRunning)
    var free = max(0, rows - 1)
    guard running.count <= free else { return crowded(running, rows: free) }
    free -= running.count
    let details = share(&free, among: running)
    let finished = steps.count - running.count
    var skipped = finished <= free ? 0 : finished - max(0, free - 1)

    var lines = [header]
    if skipped > 0, free > 0 {
      lines.append(
        row(" => … \(HumanFormat.count(skipped, "earlier step"))", style: .faint))
    }
    for step in steps {
      if !step.isRunning, skipped > 0 {
        skipped -= 1
        continue
      }
      lines.append(row(of: step))
      lines += details[step.id] ?? []
    }
    return lines
  }

  /// The build in as many rows as it takes, to stay on the screen.
  func final() -> [StyledLine] {
    [header] + ledger.startedSteps.map(row(of:))
  }

  private func crowded(_ running: [StepRecord], rows: Int) -> [StyledLine] {
    guard rows > 0 else { return [header] }
    let shown = running.prefix(rows - 1)
    let rest = row(" => … \(HumanFormat.count(running.count - shown.count, "more step"))")
    return [header] + shown.map(row(of:)) + [rest]
  }

  private func share(_ free: inout Int, among running: [StepRecord]) -> [StepID: [StyledLine]] {
    let wanted = running.map(details(of:))
    var granted = Array(repeating: 0, count: running.count)
    for round in 1...Self.mostDetails {
      for index in running.indices where wanted[index].count >= round && free > 0 {
        granted[index] += 1
        free -= 1
      }
    }
    var details: [StepID: [StyledLine]] = [:]
    for (index, step) in running.enumerated() {
      details[step.id] = wanted[index].suffix(granted[index])
    }
    return details
  }

  private func details(of step: StepRecord) -> [StyledLine] {
    let items = step.items.filter { !$0.isComplete }.map { " => => \($0.summary)" }
    let output = step.tail.lines.suffix(Self.mostDetails).map(\.text) + [step.unfinishedLine ?? ""]
    let lines = items + output.filter { !$0.isEmpty }.map { " => => # \($0)" }
    return lines.suffix(Self.mostDetails).map { row($0, style: .faint) }
  }

  // MARK: Rows

  private var header: StyledLine {
    var text = "[+] \(ledger.activity) \(HumanFormat.duration(ledger.elapsed(at: now)))"
    text += " (\(ledger.finishedCount)/\(ledger.announcedCount))"
    switch ledger.outcome {
    case .succeeded: text += " FINISHED"
    case .failed: text += " FAILED"
    case .cancelled: text += " CANCELED"
    case nil: break
    }
    let style: TerminalStyle? =
      switch ledger.outcome {
      case .succeeded: .blue
      case .failed: .red
      case .cancelled: .yellow
      case nil: nil
      }
    return row(text, ledger.detail, style: style)
  }

  private func row(of step: StepRecord) -> StyledLine {
    let (mark, style): (String, TerminalStyle?) =
      switch step.outcome {
      case .done: ("", .blue)
      case .cached: ("CACHED ", .blue)
      case .failed: ("ERROR ", .red)
      case .cancelled: ("CANCELED ", .yellow)
      case nil: ("", nil)
      }
    return row(
      " => \(mark)\(step.name)", HumanFormat.duration(step.elapsed(at: now)), style: style)
  }

  private func row(_ left: String, _ right: String = "", style: TerminalStyle? = nil) -> StyledLine
  {
    StyledLine(text: TerminalCells.spread(left, right, in: columns), style: style)
  }
}
