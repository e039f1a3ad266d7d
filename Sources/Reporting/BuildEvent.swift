/// One thing that happened in a build, as told to whoever watches it.
///
/// Events carry no time: the display stamps them as it receives them, so that they stay in order.
/// Text and output may hold any bytes; renderers make them harmless.
package enum BuildEvent: Sendable, Equatable {
  /// The build began. `activity` heads the display (`Building`, `Pulling`); `detail` may be empty.
  case buildStarted(activity: String = "Building", detail: String = "")
  /// A step will run, or be found in the cache; `name` is as in `[build 3/7] RUN go build`.
  case stepAnnounced(StepID, name: String)
  /// A step runs from now on.
  case stepStarted(StepID)
  /// An item of a running step has come this far.
  case stepProgressed(StepID, StepProgress)
  /// A running step wrote these bytes; chunks may end anywhere, inside a character too.
  case stepOutput(StepID, StandardStream, [UInt8])
  /// A step ended. Without a `duration`, the time since its start as the display saw it counts.
  case stepFinished(StepID, StepOutcome, duration: Duration? = nil)
  /// Something about the source or the build that a person should read.
  case diagnosed(Diagnostic)
  /// A line about an image that was made or delivered.
  case imageExported(String)
  /// The build ended; steps still running count as cancelled.
  case buildFinished(BuildOutcome)

  /// How many bytes a reader misses without this event; nil where it must not be left out.
  var droppableSize: Int? {
    switch self {
    case .stepOutput(_, _, let bytes): bytes.count
    case .stepProgressed: 0
    default: nil
    }
  }
}
