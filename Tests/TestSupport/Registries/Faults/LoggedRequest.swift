/// A request that a server of the tests got, as far as it has come when it is looked at.
package struct LoggedRequest: Hashable, Sendable, CustomStringConvertible {
  package let method: String
  /// As it came; see `ServerRequest`.
  package let target: String
  package let path: String
  package let query: HTTPQuery
  package let headers: HTTPHeaders
  /// Bytes of the body that were read.
  package private(set) var received: Int64
  /// Bytes of the response's body that were sent.
  package private(set) var sent: Int64
  /// Of the response; nil where there was none, or none yet.
  package private(set) var status: Int?

  package var description: String {
    "\(method) \(target) → \(status.map(String.init) ?? "nothing") (\(received) in, \(sent) out)"
  }
}

extension LoggedRequest {
  init(_ request: ServerRequest) {
    method = request.method
    target = request.target
    path = request.path
    query = request.query
    headers = request.headers
    received = 0
    sent = 0
    status = nil
  }

  /// The same, with what has gone over the wire since.
  func updated(from traffic: HTTPTraffic) -> LoggedRequest {
    var updated = self
    updated.received = traffic.received
    updated.sent = traffic.sent
    updated.status = traffic.status
    return updated
  }
}
