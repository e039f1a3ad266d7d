import OCI

/// What a path below `/v2/` stands for (distribution-spec, "Endpoints").
enum DistributionRoute: Hashable, Sendable {
  case base
  /// A manifest by tag or digest.
  case manifest(repository: String, reference: String)
  case blob(repository: String, digest: String)
  case uploads(repository: String)
  case upload(repository: String, session: String)
  case tags(repository: String)
  case referrers(repository: String, digest: String)

  /// Reads a path; nil where there is nothing. Throws `RegistryError` for a name that cannot be.
  init?(_ path: String) throws {
    guard path.hasPrefix("/v2/") else {
      guard path == "/v2" else { return nil }
      self = .base
      return
    }
    let parts = path.dropFirst(4).split(separator: "/", omittingEmptySubsequences: false)
      .map(String.init)
    if parts == [""] {
      self = .base
      return
    }
    guard let (length, route) = DistributionRoute.ending(of: parts) else { return nil }
    let name = parts.dropLast(length).joined(separator: "/")
    // The registry's own name is of no matter here.
    guard let reference = try? Reference("localhost/\(name)"), reference.repository == name else {
      throw RegistryError.nameInvalid(name)
    }
    self = route(name)
  }

  /// Names have slashes in them, so paths are told apart from their ends.
  private static func ending(of parts: [String]) -> (Int, (String) -> DistributionRoute)? {
    guard parts.count >= 3 else { return nil }
    let last = parts[parts.count - 1]
    if parts.count >= 4, Array(parts.suffix(3).prefix(2)) == ["blobs", "uploads"] {
      return (
        3, { last.isEmpty ? .uploads(repository: $0) : .upload(repository: $0, session: last) }
      )
    }
    switch parts[parts.count - 2] {
    case "manifests": return (2, { .manifest(repository: $0, reference: last) })
    case "blobs": return (2, { .blob(repository: $0, digest: last) })
    case "referrers": return (2, { .referrers(repository: $0, digest: last) })
    case "tags" where last == "list": return (2, { .tags(repository: $0) })
    default: return nil
    }
  }

  /// Nil for the base, which is no repository's.
  var repository: String? {
    switch self {
    case .base: nil
    case .manifest(let name, _), .blob(let name, _), .uploads(let name), .upload(let name, _),
      .tags(let name), .referrers(let name, _):
      name
    }
  }
}
