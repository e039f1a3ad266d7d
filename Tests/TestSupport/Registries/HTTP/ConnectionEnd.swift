/// How a handler ends a connection instead of answering: it throws one of these.
package enum ConnectionEnd: Error, Hashable, Sendable {
  /// In order, as far as TCP can tell.
  case close
  /// With a TCP reset.
  case reset
  /// Never: nothing more is said until the client leaves.
  case silence
}
