/// The names of the statuses that servers answer with (RFC 9110, 15).
package enum HTTPStatus {
  /// The number and its name.
  package static func words(_ status: Int) -> String {
    names[status].map { "\(status) \($0)" } ?? "\(status)"
  }

  private static let names = [
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
    415: "Unsupported Media Type", 416: "Range Not Satisfiable", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 507: "Insufficient Storage",
  ]

  /// Whether the same request may be answered better a little later.
  package static func isTransient(_ status: Int) -> Bool {
    [408, 429, 500, 502, 503, 504].contains(status)
  }
}
