import Synchronization

/// A web site of the tests: files by their paths, with conditional requests, a log, and faults.
package final class StaticSite: Sendable {
  /// A file, as it is served.
  package struct Page: Sendable {
    package var bytes: [UInt8]
    package var entityTag: String?
    /// As HTTP writes it.
    package var lastModified: String?
    package var headers: HTTPHeaders = [:]

    package init(
      _ bytes: [UInt8], entityTag: String? = nil, lastModified: String? = nil,
      headers: HTTPHeaders = [:]
    ) {
      self.bytes = bytes
      self.entityTag = entityTag
      self.lastModified = lastModified
      self.headers = headers
    }

    package init(_ text: String, entityTag: String? = nil, lastModified: String? = nil) {
      self.init(Array(text.utf8), entityTag: entityTag, lastModified: lastModified)
    }
  }

  private let pages: Pages
  package let server: ScriptedServer

  private final class Pages: Sendable {
    let byPath = Mutex<[String: Page]>([:])
  }

  package init() throws {
    let pages = Pages()
    self.pages = pages
    server = try ScriptedServer { request in
      guard let page = pages.byPath.withLock({ $0[request.path] }) else {
        return .text(404, "nothing here")
      }
      return StaticSite.answer(request, with: page)
    }
  }

  deinit { server.stop() }

  /// Without a slash at its end.
  package var address: String { "http://127.0.0.1:\(server.port)" }

  package subscript(_ path: String) -> Page? {
    get { pages.byPath.withLock { $0[path] } }
    set { pages.byPath.withLock { $0[path] = newValue } }
  }

  private static func answer(_ request: ServerRequest, with page: Page) -> ServerResponse {
    var headers = page.headers
    headers["Date"] = "Thu, 01 Jan 2026 00:00:00 GMT"
    headers["ETag"] = page.entityTag
    headers["Last-Modified"] = page.lastModified
    let isKnown =
      page.entityTag != nil
      ? request.headers["If-None-Match"] == page.entityTag
      : page.lastModified != nil && request.headers["If-Modified-Since"] == page.lastModified
    return isKnown
      ? ServerResponse(304, headers) : ServerResponse(200, headers, .bytes(page.bytes))
  }
}
