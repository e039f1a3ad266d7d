/// A request, and how it is to be carried out.
package struct HTTPRequest: Sendable {
  package var method: HTTPMethod
  package var url: HTTPURL
  package var fields: HTTPFields
  package var body: HTTPBody?
  package var security = TransportSecurity()

  package init(
    _ method: HTTPMethod, _ url: HTTPURL, fields: HTTPFields = [:], body: HTTPBody? = nil
  ) {
    self.method = method
    self.url = url
    self.fields = fields
    self.body = body
  }
}

package enum HTTPMethod: String, Sendable, Hashable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
}

/// What a request carries.
package enum HTTPBody: Sendable {
  case bytes([UInt8])
  /// Pieces that are asked for one after the other until there is none. `length` is in bytes; nil is
  /// sent in chunks. `makePieces` is called once for each time that the body is sent.
  case stream(length: Int64?, makePieces: @Sendable () throws -> NextPiece)

  /// The next piece, never empty; nil at the end.
  package typealias NextPiece = @Sendable () async throws -> [UInt8]?
}
