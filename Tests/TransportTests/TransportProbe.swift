import TestSupport
import Testing

@testable import Transport

/// Asks a server with a transport of its own, and says in short what came of it.
struct TransportProbe: Sendable {
  let transport: HTTPTransport

  init(
    environment: [String: String] = [:],
    stallLimit: StallLimit = StallLimit(period: .seconds(20), minimum: 1)
  ) {
    transport = HTTPTransport(environment: environment, stallLimit: stallLimit)
  }

  /// The status and the whole body.
  func ask(
    _ request: HTTPRequest, limit: Int = 1 << 20
  ) async throws -> (status: Int, text: String) {
    try await transport.exchange(request) { response in
      (response.status, String(decoding: try await response.collect(limit: limit), as: UTF8.self))
    }
  }

  func get(_ url: String, _ fields: HTTPFields = [:]) async throws -> (status: Int, text: String) {
    try await ask(HTTPRequest(.get, try #require(HTTPURL(url)), fields: fields))
  }

  /// What an exchange that must fail ends with.
  func failure(_ request: HTTPRequest, limit: Int = 1 << 20) async -> TransportError? {
    do {
      _ = try await ask(request, limit: limit)
      return nil
    } catch {
      return error as? TransportError
    }
  }

  func failure(of url: String) async throws -> TransportError? {
    await failure(HTTPRequest(.get, try #require(HTTPURL(url))))
  }
}
