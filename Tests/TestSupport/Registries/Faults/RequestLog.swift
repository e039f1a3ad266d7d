import Synchronization

/// All requests of a server, in the order of their heads.
final class RequestLog: Sendable {
  private struct Entry: Sendable {
    let request: LoggedRequest
    let traffic: HTTPTraffic
  }

  private let entries = Mutex<[Entry]>([])

  func append(_ request: ServerRequest) {
    let entry = Entry(request: LoggedRequest(request), traffic: request.traffic)
    entries.withLock { $0.append(entry) }
  }

  func removeAll() { entries.withLock { $0.removeAll() } }

  var requests: [LoggedRequest] {
    entries.withLock { $0 }.map { $0.request.updated(from: $0.traffic) }
  }
}
