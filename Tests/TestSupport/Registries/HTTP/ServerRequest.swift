/// A request, as a server of the tests got it.
package struct ServerRequest {
  package var method: String
  /// As it came: a path with its query, or, to a proxy, a URL or a host with its port.
  package var target: String
  /// Without the query, as it came.
  package var path: String
  package var query: HTTPQuery
  package var headers: HTTPHeaders
  package let body: RequestBody
  let traffic: HTTPTraffic

  init(_ head: HTTPHead, body: RequestBody, traffic: HTTPTraffic) {
    method = head.method
    target = head.target
    headers = head.headers
    self.body = body
    self.traffic = traffic
    let parts = head.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    query = HTTPQuery(parsing: parts.count > 1 ? parts[1] : "")
  }
}
