import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Transport

/// A server that says what it was asked, and a few things more.
private func makeServer(at address: SocketAddress = .loopback()) throws -> ScriptedServer {
  try ScriptedServer(at: address) { request in
    let body = try request.body.readAll()
    switch request.path {
    case "/redirect":
      let status = request.query["status"].flatMap { Int($0) } ?? 307
      return ServerResponse(status, ["Location": request.query["to"] ?? ""])
    case "/large": return ServerResponse(200, [:], .bytes([UInt8](repeating: 1, count: 1 << 20)))
    case "/length": return .text(200, "\(body.count)")
    default:
      let authorization = request.headers["Authorization"] ?? "nothing"
      return .text(200, "\(request.method) \(request.target) \(authorization) \(body.count)")
    }
  }
}

extension HTTPBody {
  /// A stream of pieces of these sizes, and an error at its end.
  fileprivate static func pieces(
    _ sizes: [Int], length: Int64?, failure: (any Error)? = nil
  ) -> HTTPBody {
    .stream(length: length) {
      let rest = Mutex(sizes[...])
      return {
        if let size = rest.withLock({ $0.popFirst() }) { return [UInt8](repeating: 7, count: size) }
        if let failure { throw failure }
        return nil
      }
    }
  }
}

extension ScriptedServer {
  fileprivate func url(_ path: String, host: String = "127.0.0.1") -> String {
    "http://\(host):\(port)\(path)"
  }

  /// A redirect from here to there.
  fileprivate func redirect(to target: String, status: Int = 307) -> String {
    url("/redirect?status=\(status)&to=\(HTTPURL.escapedForQuery(target))")
  }
}

@Suite("HTTPTransport")
struct HTTPTransportTests {
  private let server: ScriptedServer
  private let probe = TransportProbe()
  /// What ends after a tenth of a second without progress.
  private let impatient = TransportProbe(
    stallLimit: StallLimit(period: .milliseconds(100), minimum: 4096))

  init() throws { server = try makeServer() }

  private func request(
    _ method: HTTPMethod = .get, _ path: String, _ body: HTTPBody? = nil
  ) throws -> HTTPRequest {
    HTTPRequest(method, try #require(HTTPURL(server.url(path))), body: body)
  }

  @Test(
    "sends methods, targets and bodies as they are",
    arguments: [HTTPMethod.get, .post, .put, .patch, .delete])
  func methods(_ method: HTTPMethod) async throws {
    let hasBody = method != .get
    let answer = try await probe.ask(
      request(method, "/a%2Fb?q=%20%2B", hasBody ? .bytes([1, 2, 3]) : nil))
    #expect(answer.status == 200)
    #expect(answer.text == "\(method.rawValue) /a%2Fb?q=%20%2B nothing \(hasBody ? 3 : 0)")
  }

  @Test("sends a stream with its length, or in chunks where that is not known")
  func streams() async throws {
    for length in [300_000, nil] as [Int64?] {
      let body = HTTPBody.pieces([100_000, 199_999, 1], length: length)
      #expect(try await probe.ask(request(.put, "/length", body)).text == "300000")
      let headers = try #require(server.requests.last).headers
      let declared = length.map { "\($0)" }
      #expect(headers["Content-Length"] == declared)
      #expect(headers["Transfer-Encoding"] == (declared == nil ? "chunked" : nil))
    }
  }

  @Test("throws what the maker of a stream throws, at once or in the middle")
  func failingStreams() async throws {
    struct Broken: Error, Equatable {}
    let atOnce = try request(.put, "/length", .stream(length: 10) { throw Broken() })
    await #expect(throws: Broken()) { _ = try await probe.ask(atOnce) }
    let later = try request(.put, "/length", .pieces([1], length: 10, failure: Broken()))
    await #expect(throws: Broken()) { _ = try await probe.ask(later) }
    #expect(try await server.becomesIdle())
  }

  @Test("uses one connection for requests one after the other, whoever reads their bodies")
  func keepAlive() async throws {
    for path in ["/a", "/b", "/c"] { _ = try await probe.ask(request(.get, path)) }
    for _ in 0..<5 {
      let status = try await probe.transport.exchange(try request(.head, "/large")) { $0.status }
      #expect(status == 200)
      _ = try await probe.transport.exchange(try request(.get, "/unread")) { $0.status }
      #expect(server.connectionCount == 1)
    }
  }

  @Test("closes the connection of a large body that nobody wants")
  func unwanted() async throws {
    server.inject(.stall(afterSending: 600_000), on: .matching(path: "/large"))
    let status = try await probe.transport.exchange(try request(.get, "/large")) { $0.status }
    #expect(status == 200)
    #expect(try await server.becomesIdle())
  }

  @Test("takes its connections along when it goes")
  func end() async throws {
    var transport: HTTPTransport? = HTTPTransport(environment: [:])
    _ = try await transport?.exchange(try request(.get, "/")) { $0.status }
    #expect(server.connectionCount == 1)
    transport = nil
    #expect(try await server.becomesIdle())
  }

  @Test("hands a body on in blocks, also the last ones of a body that breaks off")
  func blocks() async throws {
    let sizes = Mutex<[Int]>([])
    try await probe.transport.exchange(try request(.get, "/large")) { response in
      try await response.forEachBlock { block in sizes.withLock { $0.append(block.count) } }
    }
    #expect(sizes.withLock { $0.reduce(0, +) } == 1 << 20)
    #expect(sizes.withLock { $0.dropLast().allSatisfy { $0 >= 256 << 10 } })
    sizes.withLock { $0 = [] }
    server.inject(.truncate(afterSending: 1000), on: .any)
    await #expect(throws: TransportError.self) {
      try await probe.transport.exchange(try request(.get, "/large")) { response in
        try await response.forEachBlock { block in sizes.withLock { $0.append(block.count) } }
      }
    }
    #expect(sizes.withLock { $0.reduce(0, +) } == 1000)
  }

  // MARK: - Redirects

  @Test(
    "follows redirects of what only reads, with Authorization where the origin stays",
    arguments: [301, 302, 303, 307, 308])
  func redirects(_ status: Int) async throws {
    let fields: HTTPFields = ["Authorization": "Bearer hush"]
    let stays = try await probe.get(server.redirect(to: "/x", status: status), fields)
    #expect(stays.text == "GET /x Bearer hush 0")
    let absolute = try await probe.get(
      server.redirect(to: server.url("/x?y"), status: status), fields)
    #expect(absolute.text == "GET /x?y Bearer hush 0")
    let other = try makeServer()
    for target in [other.url("/x"), server.url("/x", host: "localhost")] {
      let leaves = try await probe.get(server.redirect(to: target, status: status), fields)
      #expect(leaves.text == "GET /x nothing 0")
    }
  }

  @Test("does not take Authorization back on the way home")
  func detour() async throws {
    let other = try makeServer()
    let home = server.url("/x")
    let answer = try await probe.get(
      server.redirect(to: other.redirect(to: home)), ["Authorization": "Bearer hush"])
    #expect(answer.text == "GET /x nothing 0")
  }

  @Test(
    "hands redirects of what changes something to the caller",
    arguments: [HTTPMethod.post, .put, .patch])
  func changes(_ method: HTTPMethod) async throws {
    let answer = try await probe.ask(
      HTTPRequest(
        method, try #require(HTTPURL(server.redirect(to: "/x"))), body: .bytes([1])))
    #expect(answer.status == 307)
    #expect(server.requests.count == 1)
  }

  @Test(
    "gives up where a redirect leads nowhere",
    arguments: [
      ("ftp://r.test/", "redirects to nowhere"), ("", "redirects to nowhere"),
      ("http+unix://%2Frun%2Fdocker.sock/info", "redirects to nowhere"),
      ("http://", "redirects to nowhere"),
    ])
  func badRedirects(_ target: String, _ words: String) async throws {
    let failure = try await probe.failure(of: server.redirect(to: target))
    #expect(failure?.description.hasSuffix(words) == true, "\(failure as Any)")
    #expect(failure?.isTransient == false)
    #expect(server.requests.count <= 11)
  }

  @Test("gives up after ten redirects, and without a Location")
  func loops() async throws {
    server.inject(.respond(302, ["Location": "/again"]), on: .matching(path: "/again"), times: .max)
    let loop = try await probe.failure(of: server.url("/again"))
    #expect(loop?.problem == .tooManyRedirects(10))
    #expect(server.requests.count == 11)
    server.inject(.respond(302), on: .matching(path: "/bare"))
    #expect(try await probe.failure(of: server.url("/bare"))?.problem == .redirectWithoutTarget)
  }

  // MARK: - Faults

  @Test(
    "says what is wrong with an answer, and whether it may be better another time",
    arguments: [
      ("a close", Fault.close, "was lost"), ("a reset", .reset, "was lost"),
      ("a reset in the body", .reset(afterSending: 1000), "was lost"),
      ("a truncated body", .truncate(afterSending: 1000), "was lost"),
      ("garbage", .garbage, "does not answer in HTTP"),
      ("header fields for ever", .endlessHeaders, "does not answer in HTTP"),
      (
        "two lengths", .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        "does not answer in HTTP"
      ),
      (
        "a bad chunk", .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "does not answer in HTTP"
      ),
      (
        "half a chunk", .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        "was lost"
      ),
      ("half a head", .raw("HTTP/1.1 200 OK\r\nContent-"), "was lost"),
    ] as [(String, Fault, String)])
  func faults(_ name: String, _ fault: Fault, _ words: String) async throws {
    server.inject(fault, on: .matching(path: "/large"))
    let failure = try await probe.failure(of: server.url("/large?sig=hush"))
    #expect(failure?.description.contains(words) == true, "\(failure as Any)")
    #expect(failure?.isTransient == true)
    #expect(failure?.description.contains("hush") == false)
    #expect(try await probe.get(server.url("/large")).text.utf8.count == 1 << 20)
  }

  @Test("reads no more than it was told to", arguments: [0, 1000, (1 << 20) - 1])
  func tooLarge(_ limit: Int) async throws {
    let failure = await probe.failure(try request(.get, "/large"), limit: limit)
    #expect(failure?.problem == .tooLarge(limit: limit))
    // Nor does it make room for what is only promised.
    server.inject(.lie(aboutLength: 1 << 60), on: .matching(path: "/large"))
    let lie = await probe.failure(try request(.get, "/large"), limit: limit)
    #expect(lie?.problem == .tooLarge(limit: limit) || lie?.isTransient == true)
  }

  @Test("says that nobody listens, and that there is no such host")
  func unreachable() async throws {
    let port = try UnusedPort()
    let refused = try #require(
      try await probe.failure(of: "http://127.0.0.1:\(port.number)/?sig=hush"))
    #expect(
      refused.description
        == "cannot connect to `http://127.0.0.1:\(port.number)/`: connection refused")
    #expect(refused.isFailureToConnect && refused.isTransient)
    let byName = try #require(
      try await probe.failure(of: "http://localhost:\(port.number)/"))
    #expect(byName.description.hasSuffix(": connection refused"))
    let unknown = try #require(try await probe.failure(of: "http://no-such-host.invalid/"))
    #expect(unknown.problem == .unresolvable(host: "no-such-host.invalid"))
    #expect(unknown.isFailureToConnect)
  }

  @Test(
    "gives up what stalls: before its head, in its body, or in drops",
    arguments: [
      ("before the head", Fault.stall), ("in the body", .stall(afterSending: 5000)),
      ("in drops", .drip(10, every: 5)),
    ] as [(String, Fault)])
  func stalls(_ name: String, _ fault: Fault) async throws {
    server.inject(fault, on: .any)
    let failure = try #require(await impatient.failure(try request(.get, "/large?sig=hush")))
    guard case .stalled = failure.problem else {
      Issue.record("\(failure)")
      return
    }
    #expect(failure.isTransient && !failure.description.contains("hush"))
    #expect(try await server.becomesIdle())
  }

  @Test("gives up an upload that nobody reads, and has not read all of it into memory by then")
  func unreadUploads() async throws {
    let gate = DispatchSemaphore(value: 0)
    let server = try ScriptedServer { _ in
      gate.wait()
      throw ConnectionEnd.close
    }
    let taken = Atomic(0)
    let body = HTTPBody.stream(length: 1 << 30) {
      {
        taken.add(256 << 10, ordering: .relaxed)
        return [UInt8](repeating: 7, count: 256 << 10)
      }
    }
    let url = try #require(HTTPURL(server.url("/")))
    let failure = await impatient.failure(HTTPRequest(.put, url, body: body))
    #expect(failure?.problem == .stalled(.milliseconds(100)))
    // Both ends of the connection have buffers in the kernel.
    #expect(taken.load(ordering: .relaxed) < 32 << 20)
    gate.signal()
  }

  @Test("waits longer for the answer to a request that was sent whole")
  func unansweredUploads() async throws {
    let probe = TransportProbe(stallLimit: StallLimit(period: .milliseconds(500), minimum: 4096))
    // So that there is a connection, which takes some time too.
    _ = try await probe.ask(request(.get, "/"))
    server.inject(.stall, on: .any)
    let failure = await probe.failure(
      try request(.put, "/length", .pieces([1], length: 1)))
    // Ten periods, unless this machine was so busy that the request was not sent whole in one.
    guard case .stalled(let patience) = failure?.problem else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(patience == .seconds(5) || patience == .milliseconds(500))
  }

  @Test("does not blame a server for what is slow here")
  func slowConsumer() async throws {
    let probe = TransportProbe(stallLimit: StallLimit(period: .milliseconds(1500), minimum: 4096))
    let size = try await probe.transport.exchange(try request(.get, "/large")) { response in
      var size = 0
      try await response.forEachBlock { block in
        // What is slow is this.
        if size == 0 { try await Task.sleep(for: .milliseconds(4000)) }
        size += block.count
      }
      return size
    }
    #expect(size == 1 << 20)
  }

  // MARK: - Cancellation

  @Test(
    "ends at once when it is cancelled, and leaves no connection",
    arguments: [
      ("before the head", Fault.stall), ("in the body", .stall(afterSending: 5000)),
      ("in the request", .stall(afterReceiving: 1000)),
    ] as [(String, Fault)])
  func cancellation(_ name: String, _ fault: Fault) async throws {
    server.inject(fault, on: .any)
    let body = HTTPBody.pieces([Int](repeating: 256 << 10, count: 256), length: 64 << 20)
    let request = try request(.put, "/large", name == "in the request" ? body : nil)
    let task = Task { [probe] in try await probe.ask(request) }
    try await server.waits(for: .any)
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    #expect(try await server.becomesIdle())
  }

  @Test("does not begin when it is cancelled already")
  func cancelledBefore() async throws {
    let request = try request(.get, "/")
    let task = Task { [probe] in
      try? await Task.sleep(for: .seconds(3600))
      return try await probe.ask(request)
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { _ = try await task.value }
    #expect(server.requests.isEmpty)
  }

  // MARK: - Unix sockets

  @Test("speaks over a Unix socket, and says where there is none")
  func unixSockets() async throws {
    let folder = try TemporaryDirectory()
    let socket = folder("Docker.sock")
    let server = try makeServer(at: .unix(socket))
    let url = try #require(HTTPURL(unixSocket: socket, target: "/images/load?quiet=1"))
    let answer = try await probe.ask(HTTPRequest(.post, url, body: .bytes([1, 2])))
    #expect(answer.text == "POST /images/load?quiet=1 nothing 2")
    server.stop()
    let failure = try #require(await TransportProbe().failure(HTTPRequest(.get, url)))
    #expect(failure.isFailureToConnect)
    #expect(failure.description.hasPrefix("cannot connect to `unix:\(socket)`: "))
  }
}
