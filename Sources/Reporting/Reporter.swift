/// The handle that the parts of a build report through; cheap to copy, safe from any thread.
///
/// Events of one thread arrive in the order in which it reported them.
package struct Reporter: Sendable {
  private let sink: any EventSink

  /// Reports to `sink`.
  package init(to sink: any EventSink) {
    self.sink = sink
  }

  /// Reports to a closure, which may be called on any thread.
  package init(_ body: @escaping @Sendable (BuildEvent) -> Void) {
    sink = ClosureSink(body: body)
  }

  /// A reporter that nobody listens to.
  package static let silent = Reporter { _ in }

  /// Reports one event.
  package func report(_ event: BuildEvent) {
    sink.receive(event)
  }

  /// Reports a warning, hint or error.
  package func diagnose(_ diagnostic: Diagnostic) {
    sink.receive(.diagnosed(diagnostic))
  }

  private struct ClosureSink: EventSink {
    let body: @Sendable (BuildEvent) -> Void

    func receive(_ event: BuildEvent) {
      body(event)
    }
  }
}
