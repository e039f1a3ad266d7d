import BuildGraph
import OCI
import Reporting
import Snapshots
import SystemPackage
import TestSupport
import Testing
import Transport

@testable import Engine

@Suite("HTTPFetch", .enabled(if: Requirement.root, "the store is root's"))
struct HTTPFetchTests {
  private let directory: TemporaryDirectory
  private let site: StaticSite
  private let stores: EngineStores

  init() throws {
    directory = try TemporaryDirectory()
    site = try StaticSite()
    stores = try EngineStores(home: directory("home"))
  }

  private func sources(
    limit: Int64 = 1 << 20, stallLimit: StallLimit = .standard, attempts: Int = 3
  ) -> RemoteSources {
    var inputs = BuildInputs(reporter: Reporter { _ in })
    inputs.remote = RemoteAccess(
      transport: HTTPTransport(environment: [:], stallLimit: stallLimit), environment: [:],
      retries: RetryPolicy(attempts: attempts, firstPause: .milliseconds(1)), largestFile: limit)
    return RemoteSources(stores: stores, inputs: inputs)
  }

  private func resolve(_ sources: RemoteSources, _ path: String = "/a") async throws -> RemoteState
  {
    let source = HTTPSource(address: site.address + path, fileName: "a")
    return try #require(try await sources.resolve(.http(source)))
  }

  /// The words of a fetch that fails, after which nothing must be left.
  private func failure(_ sources: RemoteSources) async -> String {
    do {
      _ = try await resolve(sources)
      return "it succeeded"
    } catch {
      #expect((try? stores.layers.layers()) == [])
      #expect(Files.names(in: stores.home.appending("cache/sources")).isEmpty)
      return "\(error)"
    }
  }

  @Test("A body that is too large is refused by its length, or when it has become so")
  func tooLarge() async throws {
    site["/a"] = StaticSite.Page(String(repeating: "x", count: 2000))
    #expect(await failure(sources(limit: 1999)).contains("larger than 1999 bytes"))
    site.server.inject(
      .raw("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 3000)), on: .any)
    #expect(await failure(sources(limit: 1999)).contains("larger than 1999 bytes"))
    _ = try await resolve(sources(limit: 2000))
  }

  @Test("A body without an end is given up at the limit")
  func endless() async throws {
    let endless = try ScriptedServer { _ in
      ServerResponse(
        200, [:],
        .stream { send in
          while true { try send([UInt8](repeating: 120, count: 4096)) }
        })
    }
    let source = HTTPSource(address: "http://127.0.0.1:\(endless.port)/a", fileName: "a")
    let error = await #expect(throws: RemoteSourceError.self) {
      try await sources(limit: 1 << 20).resolve(.http(source))
    }
    #expect("\(try #require(error))".contains("larger than 1048576 bytes"))
    endless.stop()
  }

  @Test("What stalls is given up, and so is what breaks off each time")
  func stalls() async throws {
    site["/a"] = StaticSite.Page(String(repeating: "x", count: 100_000))
    site.server.inject(.stall(afterSending: 10), on: .any, times: .max)
    let limit = StallLimit(period: .seconds(1), minimum: 1)
    #expect(await failure(sources(stallLimit: limit, attempts: 2)).contains("next to nothing"))
    #expect(site.server.requests.count == 2)
    site.server.clearFaults()
    site.server.inject(.truncate(afterSending: 90_000), on: .any, times: .max)
    #expect(await failure(sources(attempts: 3)).contains("was lost"))
    #expect(site.server.requests.count == 5)
  }

  @Test("A client's mistake is not tried again")
  func noRetry() async throws {
    #expect(await failure(sources()).contains("404 Not Found"))
    #expect(site.server.requests.count == 1)
  }

  @Test("The identity is made of content, name and time, and not of the address")
  func identity() async throws {
    site["/a"] = StaticSite.Page("x", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    site["/b"] = StaticSite.Page("x", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    site["/c"] = StaticSite.Page("x", lastModified: "Sun, 06 Nov 1994 08:49:38 GMT")
    site["/d"] = StaticSite.Page("y", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    let sources = sources()
    let first = try await resolve(sources)
    #expect(try await resolve(sources, "/b").identity == first.identity)
    #expect(try await resolve(sources, "/c").identity != first.identity)
    #expect(try await resolve(sources, "/d").identity != first.identity)
    #expect(first.time == 784_111_777)
    let pinned = try #require(try await sources.resolve(first.source))
    #expect(pinned.layer == first.layer && pinned.time == first.time)
  }

  @Test("A layer that was deleted is fetched again")
  func lostLayer() async throws {
    site["/a"] = StaticSite.Page("x", entityTag: "\"1\"")
    let first = try await resolve(sources())
    try stores.layers.remove(try #require(first.layer))
    let second = try await resolve(sources())
    #expect(second.identity == first.identity && second.isNew)
    #expect(site.server.requests.map(\.status) == [200, 200])
  }

  @Test("Records that were not confirmed do not outlive a restart; the others do")
  func durability() async throws {
    site["/a"] = StaticSite.Page("x", entityTag: "\"1\"")
    let sources = sources()
    _ = try await resolve(sources)
    let folder = stores.home.appending("cache/sources")
    #expect(Files.names(in: folder).allSatisfy { $0.contains("@") })
    try sources.confirm()
    #expect(Files.names(in: folder).count == 2)
    #expect(Files.names(in: folder).allSatisfy { !$0.contains("@") })
  }
}
