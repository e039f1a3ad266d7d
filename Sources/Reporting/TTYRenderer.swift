/// Progress drawn in place on a terminal, and a summary that stays.
///
/// Only these sequences are used, all of the VT100's family: CSI A (up), K (erase to the end of the
/// line), J (erase below), m (style), ?25 (cursor) and ?7 (wrapping). While a frame is drawn, the
/// terminal does not wrap: a character wider than we think cannot shift the rows below.
struct TTYRenderer: ProgressRenderer {
  /// Ten frames a second.
  static let frameInterval = Duration.milliseconds(100)
  /// What a terminal or a shell needs back, whatever was drawn.
  static let restoring = "\u{1B}[?7h\u{1B}[0m\u{1B}[?25h"

  private let colour: Bool
  private let size: @Sendable () -> TerminalSize?
  private let diagnostics: DiagnosticRenderer
  private var ledger = BuildLedger()
  private var closing: ClosingWords
  private var exported: [String] = []
  private var drawn: [StyledLine] = []
  private var drawnColumns = 0
  private var isCursorHidden = false
  private var isConcluded = false

  /// Draws on a terminal whose present size `size` tells.
  init(colour: Bool, size: @escaping @Sendable () -> TerminalSize?) {
    self.colour = colour
    self.size = size
    diagnostics = DiagnosticRenderer(colour: colour)
    closing = ClosingWords(renderer: diagnostics)
  }

  var refreshInterval: Duration? {
    isConcluded ? nil : Self.frameInterval
  }

  mutating func receive(_ event: BuildEvent, at now: Duration, into out: inout [UInt8]) {
    _ = ledger.enter(event, at: now)
    switch event {
    case .diagnosed(let diagnostic):
      if isConcluded {
        out.append(contentsOf: diagnostics.render(diagnostic).utf8)
      } else {
        closing.hold(diagnostic)
      }
    case .imageExported(let line):
      if isConcluded {
        out.append(line: TerminalText.line(line))
      } else {
        exported.append(TerminalText.line(line))
      }
    case .buildFinished:
      conclude(at: now, into: &out)
    default:
      break
    }
  }

  mutating func refresh(at now: Duration, into out: inout [UInt8]) {
    guard !isConcluded, !ledger.isEmpty else { return }
    let size = size() ?? .usual
    // The cursor rests on the row below the frame, which has to exist.
    guard size.rows > 1 else { return }
    draw(
      FrameComposer(ledger: ledger, now: now, columns: size.columns).live(rows: size.rows - 1),
      on: size, into: &out)
  }

  /// Frames are never left out, only drawn less often.
  mutating func noteLoss(ofBytes count: Int, at now: Duration, into out: inout [UInt8]) {}

  mutating func close(at now: Duration, into out: inout [UInt8]) {
    conclude(at: now, into: &out)
    out.append(contentsOf: closing.take(for: ledger).utf8)
  }

  // MARK: Drawing

  private mutating func draw(_ lines: [StyledLine], on size: TerminalSize, into out: inout [UInt8])
  {
    guard lines != drawn || size.columns != drawnColumns else { return }
    var frame = ""
    if !isCursorHidden { frame += "\u{1B}[?25l" }
    isCursorHidden = true
    frame += "\u{1B}[?7l\r"
    let above = rowsAbove(on: size)
    if above > 0 { frame += "\u{1B}[\(above)A" }
    for line in lines {
      frame += styled(line) + "\u{1B}[K\n"
    }
    frame += "\u{1B}[J\u{1B}[?7h"
    out.append(contentsOf: frame.utf8)
    drawn = lines
    drawnColumns = size.columns
  }

  /// How many rows the last frame takes now: a terminal that became narrower has wrapped it.
  private func rowsAbove(on size: TerminalSize) -> Int {
    guard size.columns < drawnColumns else { return min(drawn.count, size.rows - 1) }
    let rows = drawn.reduce(0) { rows, line in
      rows + max(1, (TerminalCells.width(of: line.text) + size.columns - 1) / size.columns)
    }
    return min(rows, size.rows - 1)
  }

  private func styled(_ line: StyledLine) -> String {
    guard colour, let style = line.style else { return line.text }
    return style.apply(to: line.text)
  }

  private mutating func conclude(at now: Duration, into out: inout [UInt8]) {
    guard !isConcluded else { return }
    for step in ledger.startedSteps where step.isRunning {
      _ = ledger.enter(.stepFinished(step.id, .cancelled), at: now)
    }
    if !ledger.isEmpty {
      let size = size() ?? .usual
      let frame = FrameComposer(ledger: ledger, now: now, columns: size.columns).final()
      draw(frame, on: size, into: &out)
    }
    if isCursorHidden { out.append(contentsOf: Self.restoring.utf8) }
    isCursorHidden = false
    for line in exported { out.append(line: line) }
    exported = []
    out.append(contentsOf: closing.take(for: ledger).utf8)
    isConcluded = true
  }
}
