internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
import Synchronization

/// Asks servers over HTTP: the one place that knows the HTTP client.
///
/// What it adds to the client: redirects that carry no credentials to strangers, connections that
/// stall are given up, TLS for each request, proxies as the environment names them, and errors in
/// words for people. It does not retry: whether a request may be repeated its caller knows.
package final class HTTPTransport: Sendable {
  private let proxies: ProxySettings
  private let stallLimit: StallLimit
  private let connectTimeout: Duration
  private let clients = Mutex<[ProxySettings.Proxy?: HTTPClient]>([:])
  private let trust = TrustCache()

  /// How many redirects are followed.
  private static let redirectLimit = 10

  /// - Parameters:
  ///   - environment: where proxies and the system's certificate authorities are named.
  ///   - stallLimit: after what time without progress a connection is given up; a server that was sent
  ///     a body has ten times as long to begin its answer, and what waits for us does not count.
  package init(
    environment: [String: String], stallLimit: StallLimit = .standard,
    connectTimeout: Duration = .seconds(10)
  ) {
    proxies = ProxySettings(environment: environment)
    trust.setSystemRoots(environment: environment)
    self.stallLimit = stallLimit
    self.connectTimeout = connectTimeout
  }

  deinit {
    for client in clients.withLock({ $0.values.map { $0 } }) { client.shutdown { _ in } }
  }

  /// Sends a request and hands the answer to `receive`, in which the body must be read; when that
  /// returns, the exchange has ended; what it left of a short body is read. A `GET` or `HEAD` is redirected where the server says so, and
  /// takes its `Authorization` along only to the same scheme, host and port.
  ///
  /// Throws ``TransportError``, what `receive` throws, and `CancellationError`.
  package func exchange<Result: Sendable>(
    _ request: HTTPRequest, _ receive: @escaping @Sendable (HTTPResponse) async throws -> Result
  ) async throws -> Result {
    try Task.checkCancellation()
    let meter = ProgressMeter()
    do {
      return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await self.follow(request, meter, receive) }
        group.addTask {
          try await self.watch(meter, of: request.url)
          return nil
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
          if let result { return result }
        }
        throw CancellationError()
      }
    } catch {
      // Whatever a cancelled exchange ends with: it ends because it was cancelled.
      try Task.checkCancellation()
      throw error
    }
  }

  // MARK: - One request after the other

  private func follow<Result: Sendable>(
    _ request: HTTPRequest, _ meter: ProgressMeter,
    _ receive: @Sendable (HTTPResponse) async throws -> Result
  ) async throws -> Result {
    var request = request
    for _ in 0...HTTPTransport.redirectLimit {
      let response = try await send(request, meter)
      guard let next = try HTTPTransport.redirected(request, by: response) else {
        let result = try await receive(response)
        try await response.drain()
        return result
      }
      try await response.drain()
      request = next
    }
    throw TransportError(.tooManyRedirects(HTTPTransport.redirectLimit), request.url)
  }

  /// The request that a redirect asks for; nil where the answer is the answer.
  private static func redirected(
    _ request: HTTPRequest, by response: HTTPResponse
  ) throws -> HTTPRequest? {
    guard [301, 302, 303, 307, 308].contains(response.status),
      request.method == .get || request.method == .head
    else { return nil }
    guard let target = response.fields["Location"].flatMap(request.url.resolving),
      !target.isUnixSocket
    else { throw TransportError(.redirectWithoutTarget, request.url) }
    if request.url.isSecure, !target.isSecure {
      throw TransportError(.insecureRedirect(to: target.description), request.url)
    }
    var next = request
    next.url = target
    if target.origin != request.url.origin {
      next.fields["Authorization"] = nil
      // What is trusted stays so, since a private authority signs for the storage beside a registry too;
      // what is shown is for the registry alone.
      next.security.clientCertificate = nil
    }
    return next
  }

  private func send(_ request: HTTPRequest, _ meter: ProgressMeter) async throws -> HTTPResponse {
    do {
      var message = HTTPClientRequest(url: request.url.absoluteText)
      message.method = NIOHTTP1.HTTPMethod(rawValue: request.method.rawValue)
      for entry in request.fields.entries {
        message.headers.add(name: entry.name, value: entry.value)
      }
      message.body = try request.body?.measured(by: meter)
      message.tlsConfiguration =
        request.url.isSecure ? try trust.configuration(request.security, request.url) : nil
      let client = client(for: try proxies.proxy(for: request.url))
      let response = try await client.execute(message, deadline: .distantFuture)
      meter.hasAnswer()
      meter.advance(by: stallLimit.minimum)
      return HTTPResponse(response, from: request.url, meter: meter)
    } catch {
      throw TransportError.describing(error, request.url)
    }
  }

  // MARK: - Stalls

  /// Throws when there was too little progress for too long; never returns otherwise.
  private func watch(_ meter: ProgressMeter, of url: HTTPURL) async throws {
    var watch = StallWatch(stallLimit)
    while true {
      try await Task.sleep(for: stallLimit.period)
      if let stall = watch.stall(meter.reading) { throw TransportError(.stalled(stall), url) }
    }
  }

  // MARK: - Clients

  /// A client for each proxy, made when it is first needed.
  private func client(for proxy: ProxySettings.Proxy?) -> HTTPClient {
    clients.withLock { clients in
      if let client = clients[proxy] { return client }
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.timeout.connect = .nanoseconds(connectTimeout.nanoseconds)
      configuration.connectionPool.retryConnectionEstablishment = false
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
      // Large transfers are faster over several connections than over the streams of one.
      configuration.httpVersion = .http1Only
      configuration.proxy = proxy?.configuration
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(HTTPTransport.eventLoops), configuration: configuration)
      clients[proxy] = client
      return client
    }
  }

  /// Waits until the client has written what it was given, and so has said whether it wants more.
  ///
  /// It writes on its own threads, and lets who makes a body run ahead until one of them gets round to
  /// object: far ahead where the machine is busy, with all of that in memory.
  fileprivate static func settle() async throws {
    for loop in eventLoops.makeIterator() { try await loop.submit {}.get() }
  }

  /// Threads that move bytes; more of them than two are never the bottleneck.
  private static let eventLoops = MultiThreadedEventLoopGroup(
    numberOfThreads: min(2, System.coreCount))
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }
}

extension HTTPBody {
  /// The body as the client wants it; the meter is told what it takes.
  fileprivate func measured(by meter: ProgressMeter) throws -> HTTPClientRequest.Body {
    switch self {
    case .bytes(let bytes):
      meter.hasSentRequest()
      return .bytes(ByteBuffer(bytes: bytes))
    case .stream(let length, let makePieces):
      let next = try makePieces()
      let pieces = BodyPieces(next: next, meter: meter)
      return .stream(pieces, length: length.map { .known($0) } ?? .unknown)
    }
  }
}

/// A streamed body, as a sequence of buffers.
private struct BodyPieces: AsyncSequence, AsyncIteratorProtocol, Sendable {
  let next: HTTPBody.NextPiece
  let meter: ProgressMeter

  func makeAsyncIterator() -> BodyPieces { self }

  func next() async throws -> ByteBuffer? {
    try await HTTPTransport.settle()
    guard let piece = try await meter.pausing({ try await next() }) else {
      meter.hasSentRequest()
      return nil
    }
    meter.advance(by: piece.count)
    return ByteBuffer(bytes: piece)
  }
}
