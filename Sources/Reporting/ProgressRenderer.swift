/// Turns events into the bytes that a watcher gets: a pure state machine, without I/O or clock.
///
/// Every call appends to `out`; `now` never goes back.
protocol ProgressRenderer: Sendable {
  /// How often `refresh` is wanted at present; nil where only events change what is shown.
  var refreshInterval: Duration? { get }

  /// Takes an event.
  mutating func receive(_ event: BuildEvent, at now: Duration, into out: inout [UInt8])
  /// Time has passed.
  mutating func refresh(at now: Duration, into out: inout [UInt8])
  /// Says that this many bytes of output could not be shown because nobody read them in time.
  mutating func noteLoss(ofBytes count: Int, at now: Duration, into out: inout [UInt8])
  /// The last call, also where the build ended without saying so.
  mutating func close(at now: Duration, into out: inout [UInt8])
}

extension ProgressRenderer {
  var refreshInterval: Duration? { nil }

  mutating func refresh(at now: Duration, into out: inout [UInt8]) {}
}

extension [UInt8] {
  mutating func append(line: String) {
    append(contentsOf: line.utf8)
    append(UInt8(ascii: "\n"))
  }
}
