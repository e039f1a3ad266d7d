/// A registry in this process that speaks the distribution specification for real and gets wrong what
/// a test wants: see `Fault`.
///
///     let registry = try FaultyRegistry()
///     let image = try registry.addImage([.files(["hello": "world"])], to: "app", tag: "1")
///     registry.inject(.truncate(afterSending: 10), on: .blobReads)
///
/// It is strict where Docker's registry is: digests, the order of chunks, media types, the query of an
/// upload's `Location`, and that all of a manifest's blobs are in its repository. It ends at `stop()`
/// or when the last reference to it goes.
package final class FaultyRegistry: Sendable {
  /// What it is at fault with, and what it was asked.
  package let server: ScriptedServer
  let service: DistributionService

  /// Throws where no port can be had.
  package init(_ options: Options = Options(), at address: SocketAddress = .loopback()) throws {
    let service = try DistributionService(options)
    self.service = service
    server = try ScriptedServer(at: address) { request, faults in
      try service.answer(request, faults: faults)
    }
    service.gate.open(at: "http://127.0.0.1:\(server.port)/token")
    if case .otherHost(let storage) = options.uploadLocation {
      storage.acceptUploads { [weak service] request in
        try service?.answerUpload(request) ?? ServerResponse(503)
      }
    }
  }

  package var port: UInt16 { server.port }
  /// As it stands before a repository's name: `127.0.0.1:PORT`.
  package var host: String { "127.0.0.1:\(port)" }
  package var url: String { "http://\(host)" }

  /// What was asked so far, in the order of arrival.
  package var requests: [LoggedRequest] { server.requests }

  /// Those of the requests so far that match.
  package func requests(_ pattern: RequestPattern) -> [LoggedRequest] { server.requests(pattern) }

  /// Lets a fault happen to the requests that match: the first `skipping` go well, the next `times`
  /// do not.
  package func inject(
    _ fault: Fault, on pattern: RequestPattern, times: Int = 1, skipping: Int = 0
  ) {
    server.inject(fault, on: pattern, times: times, skipping: skipping)
  }

  /// All tokens given so far are good no more.
  package func expireTokens() { service.gate.expireTokens() }

  /// Ends everything and waits until it has ended.
  package func stop() { server.stop() }
}
