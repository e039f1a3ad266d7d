/// What a display grants to its reader.
struct DisplayLimits: Sendable {
  /// When more than this waits to be written, who reports waits for the reader.
  var queuedBytes = 1 << 20
  /// A reader that has not taken anything for so long has stopped reading.
  var patience = Duration.seconds(2)

  /// When more than this waits, nothing more is taken, be it ever so important.
  var mostQueuedBytes: Int { queuedBytes * 4 }
}
