import OCI

extension DistributionService {
  private struct TagList: Encodable {
    let name: String
    let tags: [String]
  }

  /// All tags, or `n` of them after `last`, with a `Link` to the next (distribution-spec, "Listing
  /// Tags").
  func tags(_ request: ServerRequest, _ name: String) throws -> ServerResponse {
    guard request.method == "GET" else { throw RegistryError.unsupported }
    guard var tags = contents.tags(in: name) else { throw RegistryError.nameUnknown(name) }
    if let last = request.query["last"] { tags = tags.filter { $0 > last } }
    var headers: HTTPHeaders = ["Content-Type": "application/json"]
    if let limit = request.query["n"].flatMap({ Int($0) }), limit < tags.count {
      tags = Array(tags.prefix(limit))
      let query: HTTPQuery = ["n": "\(limit)", "last": tags.last ?? ""]
      headers["Link"] = "</v2/\(name)/tags/list?\(query)>; rel=\"next\""
    }
    return ServerResponse(
      200, headers, .bytes(try JSON.encode(TagList(name: name, tags: tags))))
  }

  /// An index of what has this digest as its subject; empty where there is nothing, 404 where the
  /// registry is an old one.
  func referrers(_ request: ServerRequest, _ name: String, _ text: String) throws -> ServerResponse
  {
    guard options.offersReferrers else {
      throw RegistryError(404, "NOT_FOUND", "no such path: \(request.path)")
    }
    guard request.method == "GET" else { throw RegistryError.unsupported }
    var referrers = contents.referrers(to: try digest(text), in: name).map(\.referrer)
    var headers: HTTPHeaders = ["Content-Type": MediaType.index.rawValue]
    if let type = request.query["artifactType"] {
      referrers = referrers.filter { $0.artifactType?.rawValue == type }
      headers["OCI-Filters-Applied"] = "artifactType"
    }
    return ServerResponse(
      200, headers, .bytes(try JSON.encode(ImageIndex(manifests: referrers))))
  }
}
