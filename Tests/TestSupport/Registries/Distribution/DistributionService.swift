import OCI

/// The distribution specification, apart from sockets, authentication and faults: a request comes in,
/// an answer goes out. An extension a kind of content.
final class DistributionService: Sendable {
  let options: FaultyRegistry.Options
  let contents: RegistryContents
  let gate: RegistryGate

  init(_ options: FaultyRegistry.Options) throws {
    self.options = options
    contents = try RegistryContents()
    gate = RegistryGate(options.authentication)
  }

  func answer(_ request: ServerRequest, faults: [RegistryFault] = []) throws -> ServerResponse {
    do {
      if faults.contains(.expiresTokens) { gate.expireTokens() }
      if request.path == "/token", let endpoint = gate.tokenEndpoint {
        return try endpoint.answer(request)
      }
      guard let route = try DistributionRoute(request.path) else {
        throw RegistryError(404, "NOT_FOUND", "no such path: \(request.path)")
      }
      try gate.admit(request, to: route)
      var response = try answer(request, to: route, faults)
      response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
      return response
    } catch let error as RegistryError {
      return error.response
    }
  }

  /// An upload that was sent to another host: the query is all the proof that it needs.
  func answerUpload(_ request: ServerRequest) throws -> ServerResponse {
    do {
      guard case .upload(let name, let session)? = try DistributionRoute(request.path) else {
        throw RegistryError(404, "NOT_FOUND", "no such path: \(request.path)")
      }
      return try upload(request, name, session, [])
    } catch let error as RegistryError {
      return error.response
    }
  }

  private func answer(
    _ request: ServerRequest, to route: DistributionRoute, _ faults: [RegistryFault]
  ) throws -> ServerResponse {
    switch route {
    case .base: .text(200, "{}", type: "application/json")
    case .manifest(let name, let reference): try manifest(request, name, reference)
    case .blob(let name, let digest): try blob(request, name, digest, faults)
    case .uploads(let name): try beginUpload(request, name)
    case .upload(let name, let session): try upload(request, name, session, faults)
    case .tags(let name): try tags(request, name)
    case .referrers(let name, let digest): try referrers(request, name, digest)
    }
  }

  func digest(_ text: String) throws -> Digest {
    guard let digest = Digest(text) else {
      throw RegistryError.digestInvalid("`\(text)` is not a sha256 digest")
    }
    return digest
  }
}
