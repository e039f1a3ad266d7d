import Synchronization

/// What went over the wire for one request, counted while it goes.
final class HTTPTraffic: Sendable {
  private let receivedBytes = Atomic<Int64>(0)
  private let sentBytes = Atomic<Int64>(0)
  private let answeredStatus = Atomic<Int>(0)

  /// Bytes of the request's body that were read, without the framing of chunks.
  var received: Int64 { receivedBytes.load(ordering: .sequentiallyConsistent) }
  /// Bytes of the response's body, counted before they are written: a client that has them all finds
  /// them all counted.
  var sent: Int64 { sentBytes.load(ordering: .sequentiallyConsistent) }
  /// The status of the response; nil where there was none.
  var status: Int? {
    let status = answeredStatus.load(ordering: .sequentiallyConsistent)
    return status == 0 ? nil : status
  }

  func receive(_ count: Int) {
    receivedBytes.add(Int64(count), ordering: .sequentiallyConsistent)
  }

  func send(_ count: Int) { sentBytes.add(Int64(count), ordering: .sequentiallyConsistent) }

  func answer(_ status: Int) { answeredStatus.store(status, ordering: .sequentiallyConsistent) }
}
