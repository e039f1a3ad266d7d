import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("ADD of files from HTTP servers", .enabled(if: Requirement.builds, "builds need root"))
struct RemoteFileTests {
  private let directory: TemporaryDirectory
  private let context: FilePath
  private let site: StaticSite
  private let slipway: Slipway

  init() throws {
    directory = try TemporaryDirectory()
    context = try directory.directory("context")
    site = try StaticSite()
    slipway = try Slipway()
  }

  private func write(_ dockerfile: String) throws {
    try directory.write(dockerfile, to: "context/Dockerfile")
  }

  @discardableResult
  private func build(_ dockerfile: String, _ arguments: String...) async throws -> Slipway.Build {
    try write(dockerfile)
    return try await slipway.build(context, arguments: ["-t", "image"] + arguments)
  }

  /// The words of a build that fails.
  private func failure(_ dockerfile: String, _ arguments: String...) async throws -> String {
    try write(dockerfile)
    let result = try await slipway.command(
      ["build", "--progress", "plain"] + arguments + [context.string]
    ).run()
    #expect(!result.succeeded)
    return result.errorText
  }

  private func files(times: Bool = false) async throws -> [String] {
    try await slipway.files(of: "image:latest", withoutBusybox: false, times: times)
  }

  private func names() async throws -> [String] {
    try await files().compactMap { $0.split(separator: " ").last.map(String.init) }
  }

  @Test(
    "The file is root's with mode 0600, has its name from the path and its time from the server")
  func metadata() async throws {
    site["/some/tool"] = StaticSite.Page("one\n", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    site["/"] = StaticSite.Page("two\n")
    try await build(
      """
      FROM scratch
      ADD \(site.address)/some/tool \(site.address)/ /d/
      ADD \(site.address)/some/tool /e
      ADD --chmod=755 --chown=7:8 \(site.address)/some/tool /f/g
      """, "--timestamps", "preserve")
    let files = try await files(times: true)
    let content = "4 2c8b08da5ce6"
    #expect(files.contains("784111777 f 0600 0:0 \(content) /d/tool"), "\(files)")
    #expect(files.contains { $0.hasPrefix("0 f 0600 0:0 4 ") && $0.hasSuffix(" /d/__unnamed__") })
    #expect(files.contains("784111777 f 0600 0:0 \(content) /e"))
    #expect(files.contains("784111777 f 0755 7:8 \(content) /f/g"))
  }

  @Test("An unchanged file is asked for once a build and not sent again; a changed one is")
  func conditional() async throws {
    let dockerfile = "FROM scratch\nADD \(site.address)/a /a\nADD \(site.address)/a /b\n"
    site["/a"] = StaticSite.Page("one", entityTag: "\"1\"")
    let first = try await build(dockerfile)
    #expect(site.server.requests.map(\.status) == [200])
    let second = try await build(dockerfile)
    #expect(site.server.requests.map(\.status) == [200, 304])
    #expect(second.digest == first.digest && second.ran.isEmpty, "\(second.log)")
    site["/a"] = StaticSite.Page("two", entityTag: "\"2\"")
    let third = try await build(dockerfile)
    #expect(site.server.requests.map(\.status) == [200, 304, 200])
    #expect(third.digest != first.digest)
    // The same content under a new tag is the same file.
    site["/a"] = StaticSite.Page("two", entityTag: "\"3\"")
    let fourth = try await build(dockerfile)
    #expect(fourth.digest == third.digest)
    #expect(!fourth.ran.contains { $0.hasPrefix("ADD") }, "\(fourth.log)")
  }

  @Test("A time serves as well as a tag, where it is not of the moment")
  func times() async throws {
    let dockerfile = "FROM scratch\nADD \(site.address)/a /a\n"
    site["/a"] = StaticSite.Page("one", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    try await build(dockerfile)
    try await build(dockerfile)
    #expect(site.server.requests.map(\.status) == [200, 304])
    site["/a"] = StaticSite.Page("two", lastModified: "Thu, 01 Jan 2026 00:00:00 GMT")
    try await build(dockerfile)
    try await build(dockerfile)
    #expect(site.server.requests.map(\.status) == [200, 304, 200, 200])
  }

  @Test("A server that knows no conditions but sends the known tag sends for nothing")
  func tagAgain() async throws {
    let dockerfile = "FROM scratch\nADD \(site.address)/a /a\n"
    site["/a"] = StaticSite.Page("one", entityTag: "\"1\"")
    try await build(dockerfile)
    site["/a"]?.entityTag = "W/\"1\""
    let second = try await build(dockerfile)
    #expect(second.ran.isEmpty, "\(second.log)")
  }

  @Test("What --checksum pins is verified, and taken from the cache without a request")
  func checksums() async throws {
    site["/a"] = StaticSite.Page("content")
    let right = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    let pinned = "FROM scratch\nENV D=\(right)\nADD --checksum=$D \(site.address)/a /a\n"
    let first = try await build(pinned)
    let address = site.address
    site.server.stop()
    let second = try await build(pinned)
    #expect(second.digest == first.digest && second.ran.isEmpty, "\(second.log)")
    let offline = try await failure("FROM scratch\nADD \(address)/a /b\n")
    #expect(offline.contains("cannot connect"), "\(offline)")
    #expect(offline.contains("--checksum"), "\(offline)")
    #expect(offline.contains("Dockerfile:2"), "\(offline)")
  }

  @Test("A wrong checksum shows both digests, and leaves nothing")
  func wrongChecksum() async throws {
    site["/a"] = StaticSite.Page("content")
    let wrong = "sha256:" + String(repeating: "0", count: 64)
    let text = try await failure(
      "FROM scratch\nADD --checksum=\(wrong) \(site.address)/a /a\n")
    #expect(text.contains("digest mismatch"), "\(text)")
    #expect(text.contains(wrong), "\(text)")
    #expect(
      text.contains("sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"))
    #expect(layerCount == 0)
  }

  /// How many layers the store has.
  private var layerCount: Int {
    Files.names(in: slipway.home.appending("snapshots"))
      .filter { $0.hasPrefix("m") || $0.hasPrefix("a") }.count
  }

  @Test("Archives are unpacked where --unpack asks for it alone")
  func archives() async throws {
    try directory.write("x", to: "tree/in/file")
    try await Command(
      "tar", ["-C", directory("tree").string, "-czf", directory("t.tgz").string, "in"]
    )
    .check()
    site["/t.tgz"] = StaticSite.Page(try Files.read(directory("t.tgz")))
    try await build(
      """
      FROM scratch
      ADD \(site.address)/t.tgz /a/
      ADD --unpack=true \(site.address)/t.tgz /b/
      ADD --unpack=false \(site.address)/t.tgz /c.tgz
      """)
    let names = try await names()
    #expect(names.contains("/a/t.tgz") && names.contains("/b/in/file") && names.contains("/c.tgz"))
  }

  @Test("Names that look like patterns are names")
  func patterns() async throws {
    site["/a%5B1%5D*"] = StaticSite.Page("x")
    try await build("FROM scratch\nADD [\"\(site.address)/a[1]*\", \"/\"]\n")
    #expect(try await names() == ["/a[1]*"])
  }

  @Test("A server that compresses unasked is undone, as BuildKit does")
  func contentEncoding() async throws {
    try directory.write("plain text\n", to: "plain")
    try await Command("gzip", ["-k", directory("plain").string]).check()
    var page = StaticSite.Page(try Files.read(directory("plain.gz")))
    page.headers = ["Content-Encoding": "gzip"]
    site["/a"] = page
    try await build("FROM scratch\nADD \(site.address)/a /a\n", "-o", directory("out").string)
    #expect(try Files.text(directory("out/a")) == "plain text\n")
  }

  @Test("Redirects are followed without the credentials for where they came from")
  func redirects() async throws {
    let other = try StaticSite()
    other["/b"] = StaticSite.Page("x")
    site.server.inject(
      .respond(302, ["Location": "\(other.address.replacing("127.0.0.1", with: "localhost"))/b"]),
      on: .any)
    var slipway = slipway
    slipway.environment["TOKEN"] = "hush"
    try write("FROM scratch\nADD \(site.address)/a /a\n")
    let build = try await slipway.build(
      context, "--secret", "id=HTTP_AUTH_TOKEN_127.0.0.1,env=TOKEN")
    #expect(site.server.requests.map { $0.headers["Authorization"] } == ["Bearer hush"])
    #expect(other.server.requests.map { $0.headers["Authorization"] } == [nil])
    #expect(!build.log.contains("hush"))
  }

  @Test("A user in the address is sent, and not shown")
  func userInAddress() async throws {
    site["/a"] = StaticSite.Page("x")
    let address = site.address.replacing("http://", with: "http://me:pa%20ss@")
    try await build("FROM scratch\nADD \(address)/a /a\n")
    // me:pa ss
    #expect(site.server.requests.map { $0.headers["Authorization"] } == ["Basic bWU6cGEgc3M="])
    let text = try await failure("FROM scratch\nADD \(address)/none /a\n")
    #expect(text.contains("404 Not Found"), "\(text)")
  }

  @Test("Redirects in a circle, errors of the server, and what breaks off are told")
  func faults() async throws {
    site["/a"] = StaticSite.Page(String(repeating: "x", count: 100_000))
    site.server.inject(
      .respond(302, ["Location": "/a"]), on: .any, times: .max)
    #expect(try await failure("FROM scratch\nADD \(site.address)/a /a\n").contains("redirects"))
    site.server.clearFaults()
    let missing = try await failure("FROM scratch\nADD \(site.address)/none /a\n")
    #expect(missing.contains("404 Not Found"), "\(missing)")
    site.server.inject(.truncate(afterSending: 70_000), on: .any, times: 1)
    site.server.inject(.respond(503), on: .any, times: 1, skipping: 1)
    site.server.inject(.reset, on: .any, times: 1, skipping: 2)
    try await build("FROM scratch\nADD \(site.address)/a /a\n")
    #expect(try await names() == ["/a"])
  }

  @Test("A build that is killed while a file comes leaves nothing of it")
  func killed() async throws {
    site["/a"] = StaticSite.Page(String(repeating: "x", count: 1 << 20))
    site.server.inject(.stall(afterSending: 600_000), on: .any)
    try write("FROM scratch\nADD \(site.address)/a /a\n")
    let running = try slipway.command(["build", context.string]).start()
    while site.server.requests.first?.sent ?? 0 < 600_000 {
      try await Task.sleep(nanoseconds: 2_000_000)
    }
    kill(running.process, SIGKILL)
    _ = try await running.result()
    #expect(layerCount == 0)
    #expect(Files.names(in: slipway.home.appending("cache/sources")).isEmpty)
    try await build("FROM scratch\nADD \(site.address)/a /a\n")
    #expect(Files.names(in: slipway.home.appending("snapshots/tmp")).isEmpty)
  }
}
