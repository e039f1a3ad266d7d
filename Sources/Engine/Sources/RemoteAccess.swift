package import Transport

/// How a build reaches what is not on this machine.
package struct RemoteAccess: Sendable {
  package var transport: HTTPTransport
  /// Where `git` and the proxies are named.
  package var environment: [String: String]
  package var retries: RetryPolicy
  /// How large a file may be that is fetched, in bytes: a server may send for ever.
  package var largestFile: Int64

  package init(
    transport: HTTPTransport, environment: [String: String], retries: RetryPolicy = RetryPolicy(),
    largestFile: Int64 = 64 << 30
  ) {
    self.transport = transport
    self.environment = environment
    self.retries = retries
    self.largestFile = largestFile
  }
}
