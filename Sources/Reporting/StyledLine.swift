/// One row of a frame.
struct StyledLine: Sendable, Equatable {
  var text: String
  var style: TerminalStyle?
}
