import FoundationEssentials
import Hummingbird

/// A small HTTP server that also calls out over HTTPS.
///
/// `/` greets, `/healthz` says that the server is up, and `/fetch?url=https://…` fetches a page and
/// answers with its status and size. It listens on `0.0.0.0`, on the port that `PORT` names.
@main
struct Server {
  static func main() async throws {
    let port = try Self.port(from: ProcessInfo.processInfo.environment["PORT"])
    let app = Application(
      router: routes(),
      configuration: ApplicationConfiguration(
        address: .hostname("0.0.0.0", port: port), serverName: "swift-server"))
    // `runService` finishes the requests in flight on SIGTERM and SIGINT. A process that is PID 1
    // in its container has no default action for them: without a handler it would never stop.
    try await app.runService(gracefulShutdownSignals: [.sigterm, .sigint])
  }

  static func routes() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("/") { _, _ in "Hello from scratch!\n" }
    router.get("/healthz") { _, _ in "ok\n" }
    router.get("/fetch") { request, _ in
      try await Page.fetched(from: request.uri.queryParameters["url"].map(String.init))
    }
    return router
  }

  static func port(from text: String?) throws(InvalidPort) -> Int {
    guard let text else { return 8080 }
    guard let port = UInt16(text), port > 0 else { throw InvalidPort(text: text) }
    return Int(port)
  }
}

struct InvalidPort: Error, CustomStringConvertible {
  let text: String

  var description: String { "PORT is `\(text)`, expected a number from 1 to 65535" }
}
