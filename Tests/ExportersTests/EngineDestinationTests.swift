import Exporters
import Glibc
import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// What becomes of an image when the engine is not what it should be. Real engines are in the
/// integration tests.
@Suite("Loading into an engine")
struct EngineDestinationTests {
  private let work: Workspace
  private let socket: FilePath

  init() throws {
    work = try Workspace()
    socket = work["engine.sock"]
  }

  private static let version = """
    {"Version":"9.9","ApiVersion":"1.44","Os":"linux","Arch":"amd64","Components":[{"Name":"Engine"}]}
    """

  /// An engine that knows its version, and does with an archive what the test says.
  private func engine(
    version: String = version, load: @escaping @Sendable (ServerRequest) throws -> ServerResponse
  ) throws -> HTTPServer {
    try HTTPServer(at: .unix(socket)) { request in
      switch request.path {
      case "/version": .text(200, version, type: "application/json")
      case "/images/load" where request.method == "POST": try load(request)
      default: .text(404, #"{"message":"page not found"}"#)
      }
    }
  }

  /// A proxy that is not there is no hindrance: nothing that is on this machine goes through one.
  private func find(_ address: String? = nil) async throws -> EngineDestination {
    try await EngineDestination.find(
      environment: [
        "DOCKER_HOST": address ?? "unix://\(socket)", "HTTP_PROXY": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
      ])
  }

  private func load(_ image: NamedImage) async throws {
    try await find().load([image], from: work.store)
  }

  private func image() throws -> NamedImage {
    NamedImage(
      descriptor: try work.addImage([[.file("a", "x")]]), names: [try Reference("app:1")])
  }

  /// An image that does not fit into what is sent ahead.
  private func largeImage() throws -> NamedImage {
    var generator = SystemRandomNumberGenerator()
    let noise = (0..<(1 << 20)).flatMap { _ in
      withUnsafeBytes(of: generator.next() as UInt64) { Array($0) }
    }
    return NamedImage(descriptor: try work.addImage([[.file("noise", noise)]]))
  }

  private func message(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }

  // MARK: - It works

  @Test("the archive that arrives is the one that a file would be")
  func archive() async throws {
    let received = Mutex<[UInt8]>([])
    let types = Mutex<[String?]>([])
    let engine = try engine { request in
      types.withLock { $0.append(request.headers["Content-Type"]) }
      let bytes = try request.body.readAll(atMost: 64 << 20)
      received.withLock { $0 = bytes }
      return .text(200, "{\"stream\":\"Loaded image: app:1\\n\"}\r\n")
    }
    defer { engine.stop() }
    let image = try largeImage()
    let sent = Mutex<Int64>(0)
    try await find().load([image], from: work.store) { count in sent.withLock { $0 += count } }
    try ImageExporter(store: work.store).write([image], to: .dockerArchive(.file(work["file"])))
    #expect(try received.withLock { $0 } == Files.read(work["file"]))
    #expect(Int64(received.withLock { $0.count }) == sent.withLock { $0 })
    #expect(types.withLock { $0 } == ["application/x-tar"])
  }

  @Test("an engine that listens at a port is spoken to there")
  func network() async throws {
    let hosts = Mutex<[String?]>([])
    let engine = try HTTPServer { request in
      hosts.withLock { $0.append(request.headers["Host"]) }
      _ = try request.body.readAll(atMost: 64 << 20)
      return .text(200, request.method == "GET" ? Self.version : "")
    }
    defer { engine.stop() }
    let image = try image()
    try await find("tcp://127.0.0.1:\(engine.port)").load([image], from: work.store)
    let host = "127.0.0.1:\(engine.port)"
    #expect(hosts.withLock { $0 } == [host, host])
  }

  @Test("of an index, the engine gets the image for its own platform, under its names")
  func platform() async throws {
    let received = Mutex<[UInt8]>([])
    let version = Self.version.split(separator: "amd64").joined(separator: "arm64")
    let engine = try engine(version: version) { request in
      let bytes = try request.body.readAll(atMost: 64 << 20)
      received.withLock { $0 = bytes }
      return .text(200, "")
    }
    defer { engine.stop() }
    let arm = Platform(os: "linux", architecture: "arm64")
    let entries = try [Platform(os: "linux", architecture: "amd64"), arm].map {
      try work.addImage([[.file("a", $0.architecture)]], platform: $0)
    }
    let index = try work.store.add(JSON.encode(ImageIndex(manifests: entries)), as: .index)
    let found = try await find()
    #expect(found.platform == arm)
    try await found.load(
      [NamedImage(descriptor: index, names: [try Reference("app:1")])], from: work.store)
    let archive = try work.write(received.withLock { $0 }, to: "archive")
    let other = try Workspace()
    let loaded = try ImageImporter(store: other.store).load(from: .file(archive))
    #expect(loaded.map(\.descriptor.digest) == [entries[1].digest])
    #expect(loaded.map(\.names) == [[try Reference("app:1")]])

    let windows = try work.addImage(
      [[.file("a", "x")]], platform: Platform(os: "windows", architecture: "amd64"))
    let without = try work.store.add(
      JSON.encode(ImageIndex(manifests: [windows, entries[0]])), as: .index)
    let words = await message {
      try await load(NamedImage(descriptor: without, names: [try Reference("app:1")]))
    }
    #expect(
      words
        == "`app:1` has no image for `linux/arm64`; hint: it offers `windows/amd64`, `linux/amd64`")
  }

  @Test(
    "an engine is known by what it says of itself",
    arguments: [
      (#"{"Version":"20.10.24","ApiVersion":"1.41","Os":"linux","Arch":"amd64"}"#, "Docker", false),
      (#"{"Version":"23.0","ApiVersion":"1.42","Os":"linux","Arch":"amd64"}"#, "Docker", true),
      (
        """
        {"Version":"4.3.1","ApiVersion":"1.41","Os":"linux","Arch":"amd64",\
        "Components":[{"Name":"Podman Engine"}]}
        """, "Podman", true
      ),
    ])
  func versions(version: String, name: String, takesZstd: Bool) async throws {
    let engine = try engine(version: version) { _ in .text(200, "") }
    defer { engine.stop() }
    let found = try await find()
    #expect(found.name.hasPrefix(name + " "))
    #expect(found.takesZstd == takesZstd)
  }

  // MARK: - The engine says no

  @Test(
    "an error of the engine comes in its own words",
    arguments: [
      (
        200,
        "{\"status\":\"Loading\"}\r\n"
          + "{\"errorDetail\":{\"message\":\"no space\"},\"error\":\"x\"}\r\n",
        "no space"
      ),
      (200, "{\"error\":\"two\\nlines\"}", "two; lines"),
      (200, "{\"error\":\"first\"}\n{\"error\":\"second\"}\n{\"stream\":\"bye\"}\n", "first"),
      (500, "{\"message\":\"no space\"}\n", "no space"),
      (500, "{\"cause\":\"c\",\"message\":\"writing: c\",\"response\":500}", "writing: c"),
      (502, "bad gateway\n", "bad gateway"),
      (500, "", "HTTP status 500"),
      (500, "{\"message\":\"\\u001b[31mred\"}", "\\u{1B}[31mred"),
    ])
  func refused(status: Int, body: String, words: String) async throws {
    let engine = try engine { request in
      _ = try request.body.readAll(atMost: 64 << 20)
      return .text(status, body)
    }
    defer { engine.stop() }
    let image = try image()
    #expect(
      await message { try await load(image) } == "Docker 9.9 does not load the image: \(words)")
  }

  @Test("an engine that has enough before it has read everything is understood")
  func refusedEarly() async throws {
    let engine = try engine { request in
      _ = try request.body.read()
      return .text(500, #"{"message":"no space"}"#)
    }
    defer { engine.stop() }
    let image = try largeImage()
    #expect(
      await message { try await load(image) } == "Docker 9.9 does not load the image: no space")
  }

  @Test("an answer that is none is said to be none")
  func garbage() async throws {
    let engine = try engine { request in
      _ = try request.body.readAll(atMost: 64 << 20)
      return .text(200, "hello\n")
    }
    defer { engine.stop() }
    let image = try image()
    #expect(
      await message { try await load(image) }
        == "the answer of Docker 9.9 makes no sense: `hello` is not JSON")
  }

  @Test("an engine that ends in the middle is said to have ended", arguments: [false, true])
  func interrupted(hasAnswered: Bool) async throws {
    let engine = try engine { request in
      guard hasAnswered else {
        _ = try request.body.read()
        throw ConnectionEnd.close
      }
      _ = try request.body.readAll(atMost: 64 << 20)
      return ServerResponse(
        200, [:],
        .stream { send in
          try send(Array("{\"status\":\"Loa".utf8))
          throw ConnectionEnd.close
        })
    }
    defer { engine.stop() }
    let image = try largeImage()
    let words = await message { try await load(image) }
    #expect(words.hasPrefix("Docker 9.9 did not finish loading the image: the connection was lost"))
    #expect(words.hasSuffix("; hint: its log may say why"))
  }

  // MARK: - What is sent is wrong

  @Test("a blob that is damaged fails the load, and the engine never sees the end of the archive")
  func damaged() async throws {
    let sawEnd = Mutex(false)
    let engine = try engine { request in
      _ = try request.body.readAll(atMost: 64 << 20)
      sawEnd.withLock { $0 = true }
      return .text(200, "")
    }
    let image = try image()
    let layer = try #require(
      try Image(image.descriptor, in: work.store).manifest().layers.first)
    let path = work.store.path(of: layer.digest)
    var bytes = try Files.read(path)
    bytes[bytes.count - 1] ^= 1
    try Files.write(bytes, to: path)
    await #expect(throws: ContentError.self) { try await load(image) }
    engine.stop()
    #expect(sawEnd.withLock { $0 } == false)
  }

  @Test("a blob that is not there fails the load")
  func missing() async throws {
    let engine = try engine { _ in .text(200, "") }
    defer { engine.stop() }
    let image = try image()
    let layer = try #require(
      try Image(image.descriptor, in: work.store).manifest().layers.first)
    work.store.remove(layer.digest)
    await #expect(throws: ExportError.missingBlob(layer.digest, of: image.descriptor.digest)) {
      try await load(image)
    }
  }

  @Test("who is cancelled waits for no engine")
  func cancelled() async throws {
    let arrived = BlockingSignal()
    let engine = try engine { request in
      _ = try request.body.readAll(atMost: 64 << 20)
      arrived.send()
      throw ConnectionEnd.silence
    }
    defer { engine.stop() }
    let image = try largeImage()
    let store = work.store
    let found = try await find()
    let task = Task { try await found.load([image], from: store) }
    try await BlockingWork.run { arrived.wait() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  // MARK: - There is no engine

  private static let advice =
    "hint: start one (`systemctl start docker`, or `systemctl --user start podman.socket`), "
    + "or change `DOCKER_HOST`"

  @Test("what was tried is said, and what to do")
  func nothing() async throws {
    let place = "`\(socket)` (`DOCKER_HOST`)"
    func words() async -> String { await message { _ = try await find() } }
    #expect(
      await words() == "no container engine answers: \(place) does not exist; \(Self.advice)")
    try Files.write([], to: socket)
    #expect(
      await words() == "no container engine answers: \(place) is not a socket; \(Self.advice)")
    Files.remove(socket)

    // A socket that outlived its engine: bound, and closed without a word.
    let script = "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
    #expect(try Tool.run("python3", ["-c", script, socket.string]).status == 0)
    #expect(
      await words()
        == "no container engine answers: \(place) does not answer: connection refused; "
        + Self.advice)
  }

  @Test("something that is no engine is not taken for one")
  func strangers() async throws {
    let place = "`\(socket)` (`DOCKER_HOST`)"
    for (status, body, words) in [
      (200, "hello", "what is there is no container engine"),
      (200, "{}", "what is there is no container engine"),
      (404, "page not found", "page not found"),
    ] {
      let server = try HTTPServer(at: .unix(socket)) { _ in .text(status, body) }
      defer { server.stop() }
      #expect(
        await message { _ = try await find() }
          == "no container engine answers: \(place) does not answer: \(words); \(Self.advice)")
    }
  }

  @Test(
    "an engine at a port that is not there, or is spoken to in the wrong way, is said to be so",
    .enabled(if: Requirement.tools("openssl"), "needs openssl"))
  func wrongPorts() async throws {
    func words(_ port: UInt16, _ more: [String: String] = [:]) async -> String {
      await message {
        _ = try await EngineDestination.find(
          environment: more.merging(["DOCKER_HOST": "tcp://127.0.0.1:\(port)"]) { $1 })
      }
    }
    let advice =
      "hint: check `DOCKER_HOST`, and where the engine wants TLS, `DOCKER_TLS_VERIFY` and "
      + "`DOCKER_CERT_PATH`"
    let server = try HTTPServer { _ in .text(200, Self.version) }
    let port = server.port
    func place(_ port: UInt16) -> String {
      "no container engine answers: `tcp://127.0.0.1:\(port)` (`DOCKER_HOST`)"
    }
    #expect(await words(port) == "nothing was thrown")

    let authority = try await CertificateAuthority()
    let client = try await authority.client()
    let folder = try TemporaryDirectory()
    for (source, name) in [
      (authority.certificate, "ca.pem"), (client.certificate, "cert.pem"), (client.key, "key.pem"),
    ] {
      try Files.write(Files.read(source), to: folder(name))
    }
    let secure = ["DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": folder.path.string]
    #expect(
      await words(port, secure)
        == "\(place(port)) does not answer: it does not speak TLS; \(advice)")
    Files.remove(folder("key.pem"))
    let withoutKey = await words(port, secure)
    #expect(withoutKey.contains("`\(folder("key.pem"))` cannot be used for TLS"))

    let unused = try UnusedPort()
    #expect(
      await words(unused.number)
        == "\(place(unused.number)) does not answer: connection refused; \(advice)")
  }

  @Test("of the usual places, all are named")
  func places() async throws {
    let attempts = ["/a", "/b"].map {
      EngineDestinationError.Attempt(endpoint: EngineEndpoint(.socket($0)), finding: .nothing)
    }
    #expect(
      "\(EngineDestinationError.noEngine(attempts))"
        == "no container engine answers: `/a` does not exist, `/b` does not exist; "
        + "hint: start one (`systemctl start docker`, or `systemctl --user start podman.socket`), "
        + "or name its socket in `DOCKER_HOST`")
    let forbidden = EngineDestinationError.Attempt(
      endpoint: EngineEndpoint(.socket("/c")), finding: .forbidden)
    #expect(
      "\(EngineDestinationError.noEngine(attempts + [forbidden]))"
        == "no container engine answers: `/a` does not exist, `/b` does not exist, "
        + "`/c` denies permission; hint: `/c` is for root and the members of its group; become one "
        + "(for Docker: `usermod -aG docker USER`, and log in again)")
  }
}
