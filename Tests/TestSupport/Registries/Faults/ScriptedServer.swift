/// A server with a log, whose faults are scripted.
package final class ScriptedServer: Sendable {
  private let server: HTTPServer
  private let log = RequestLog()
  private let script = FaultScript()

  package convenience init(
    at address: SocketAddress = .loopback(), handler: @escaping ServerHandler
  ) throws {
    try self.init(at: address) { request, _ in try handler(request) }
  }

  /// A server that can itself be at fault.
  init(
    at address: SocketAddress = .loopback(),
    handler: @escaping @Sendable (ServerRequest, [RegistryFault]) throws -> ServerResponse
  ) throws {
    server = try HTTPServer(at: address) { [log, script] request in
      log.append(request)
      let faults = script.faults(for: LoggedRequest(request))
      return try FaultyExchange(faults).answer(request, with: handler)
    }
  }

  package var address: SocketAddress { server.address }
  package var port: UInt16 { server.port }
  /// How many connections are open now.
  package var connectionCount: Int { server.connectionCount }
  /// What was asked so far, in the order of arrival.
  package var requests: [LoggedRequest] { log.requests }

  /// Those of the requests so far that match.
  package func requests(_ pattern: RequestPattern) -> [LoggedRequest] {
    requests.filter { pattern($0) }
  }

  package func clearLog() { log.removeAll() }

  /// Waits until `count` requests that match have arrived.
  package func waits(for pattern: RequestPattern, count: Int = 1) async throws {
    while requests(pattern).count < count { try await Task.sleep(nanoseconds: 2_000_000) }
  }

  /// Waits until so many connections are left; false where more stay for minutes.
  package func becomesIdle(_ count: Int = 0) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(120)
    while connectionCount > count {
      guard .now < end else { return false }
      try await Task.sleep(for: .milliseconds(2))
    }
    return true
  }

  /// Lets a fault happen to the requests that match: the first `skipping` go well, the next `times`
  /// do not.
  package func inject(
    _ fault: Fault, on pattern: RequestPattern, times: Int = 1, skipping: Int = 0
  ) {
    script.add(fault, on: pattern, times: times, skipping: skipping)
  }

  /// All goes well from now on.
  package func clearFaults() { script.removeAll() }

  /// How often faults are still to happen; those with `times: .max` are not counted.
  package var remainingFaults: Int { script.remaining }

  /// Ends everything and waits until it has ended.
  package func stop() { server.stop() }
}
