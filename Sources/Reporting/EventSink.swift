/// Where build events go; called from many threads at once.
package protocol EventSink: Sendable {
  /// Takes one event. Returns soon and never fails: who builds does not wait for who watches.
  func receive(_ event: BuildEvent)
}
