/// Progress for programs: a JSON object a line, each with `event` and `time`, the seconds since the
/// first event. Fields that do not apply are left out; there may be more events and fields in time.
///
/// | event | fields |
/// |---|---|
/// | `build-started` | `activity`, `detail` |
/// | `step-announced` | `step` (a number), `name` |
/// | `step-started` | `step` |
/// | `step-progress` | `step`, `label`, `completed`, `total`, `unit` (`bytes`, `items`) |
/// | `step-output` | `step`, `stream` (`stdout`, `stderr`), `text`: as written, not by lines; what is not UTF-8 is U+FFFD |
/// | `step-finished` | `step`, `state` (`done`, `cached`, `failed`, `cancelled`), `reason`, `duration` in seconds |
/// | `diagnostic` | `severity` (`error`, `warning`, `hint`), `message`, `rule`, `notes`, `hint`, `file`, `firstLine`, `lastLine`, `firstColumn`, `lastColumn` (bytes, from 1, the last included) |
/// | `image-exported` | `text` |
/// | `output-lost` | `bytes`: so many were not read in time and are missing here |
/// | `build-finished` | `outcome` (`succeeded`, `failed`, `cancelled`) |
struct RawJSONRenderer: ProgressRenderer {
  private struct StreamID: Hashable {
    let step: StepID
    let stream: StandardStream
  }

  private var beganAt: Duration?
  private var startedAt: [StepID: Duration] = [:]
  private var repairs: [StreamID: UTF8Repair] = [:]

  mutating func receive(_ event: BuildEvent, at now: Duration, into out: inout [UInt8]) {
    switch event {
    case .buildStarted(let activity, let detail):
      emit("build-started", at: now, into: &out) {
        $0.add("activity", activity)
        if !detail.isEmpty { $0.add("detail", detail) }
      }
    case .stepAnnounced(let id, let name):
      emit("step-announced", id, at: now, into: &out) { $0.add("name", name) }
    case .stepStarted(let id):
      startedAt[id] = now
      emit("step-started", id, at: now, into: &out)
    case .stepProgressed(let id, let item):
      emit("step-progress", id, at: now, into: &out) { Self.add(item, to: &$0) }
    case .stepOutput(let id, let stream, let bytes):
      let key = StreamID(step: id, stream: stream)
      output(repairs[key, default: UTF8Repair()].decode(bytes), of: key, at: now, into: &out)
    case .stepFinished(let id, let outcome, let duration):
      finishOutput(of: id, at: now, into: &out)
      let duration = duration ?? now - (startedAt.removeValue(forKey: id) ?? now)
      emit("step-finished", id, at: now, into: &out) {
        Self.add(outcome, to: &$0)
        $0.add("duration", duration)
      }
    case .diagnosed(let diagnostic):
      emit("diagnostic", at: now, into: &out) { Self.add(diagnostic, to: &$0) }
    case .imageExported(let line):
      emit("image-exported", at: now, into: &out) { $0.add("text", line) }
    case .buildFinished(let outcome):
      emit("build-finished", at: now, into: &out) { $0.add("outcome", outcome.rawValue) }
    }
  }

  mutating func noteLoss(ofBytes count: Int, at now: Duration, into out: inout [UInt8]) {
    emit("output-lost", at: now, into: &out) { $0.add("bytes", count) }
  }

  mutating func close(at now: Duration, into out: inout [UInt8]) {
    for id in Set(repairs.keys.map(\.step)).sorted() {
      finishOutput(of: id, at: now, into: &out)
    }
  }

  // MARK: Lines

  private mutating func emit(
    _ event: String, _ step: StepID? = nil, at now: Duration, into out: inout [UInt8],
    _ addFields: (inout JSONLine) -> Void = { _ in }
  ) {
    let began = beganAt ?? now
    beganAt = began
    var line = JSONLine()
    line.add("event", event)
    line.add("time", now - began)
    if let step { line.add("step", step.number) }
    addFields(&line)
    out.append(contentsOf: line.finish().utf8)
  }

  private mutating func output(
    _ text: String, of stream: StreamID, at now: Duration, into out: inout [UInt8]
  ) {
    guard !text.isEmpty else { return }
    emit("step-output", stream.step, at: now, into: &out) {
      $0.add("stream", stream.stream.rawValue)
      $0.add("text", text)
    }
  }

  private mutating func finishOutput(of id: StepID, at now: Duration, into out: inout [UInt8]) {
    for stream in [StandardStream.stdout, .stderr] {
      let key = StreamID(step: id, stream: stream)
      guard var repair = repairs.removeValue(forKey: key) else { continue }
      output(repair.finish(), of: key, at: now, into: &out)
    }
  }

  // MARK: Fields

  private static func add(_ item: StepProgress, to line: inout JSONLine) {
    if !item.label.isEmpty { line.add("label", item.label) }
    line.add("completed", item.completed)
    if let total = item.total { line.add("total", total) }
    line.add("unit", item.unit.rawValue)
  }

  private static func add(_ outcome: StepOutcome, to line: inout JSONLine) {
    switch outcome {
    case .done: line.add("state", "done")
    case .cached: line.add("state", "cached")
    case .cancelled: line.add("state", "cancelled")
    case .failed(let reason):
      line.add("state", "failed")
      line.add("reason", reason)
    }
  }

  private static func add(_ diagnostic: Diagnostic, to line: inout JSONLine) {
    line.add("severity", diagnostic.severity.rawValue)
    line.add("message", diagnostic.message)
    if let rule = diagnostic.rule { line.add("rule", rule) }
    if !diagnostic.notes.isEmpty { line.add("notes", diagnostic.notes) }
    if let hint = diagnostic.hint { line.add("hint", hint) }
    guard let excerpt = diagnostic.excerpt else { return }
    line.add("file", excerpt.file)
    line.add("firstLine", excerpt.marked.lowerBound)
    line.add("lastLine", excerpt.marked.upperBound)
    guard let columns = excerpt.columns, !columns.isEmpty else { return }
    line.add("firstColumn", columns.lowerBound)
    line.add("lastColumn", columns.upperBound - 1)
  }
}
