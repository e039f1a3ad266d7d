import OCI

extension DistributionService {
  func blob(
    _ request: ServerRequest, _ name: String, _ text: String, _ faults: [RegistryFault]
  ) throws -> ServerResponse {
    let digest = try digest(text)
    switch request.method {
    case "GET", "HEAD":
      guard let blob = contents.blob(digest, in: name) else {
        throw RegistryError.blobUnknown(text)
      }
      for fault in faults {
        switch fault {
        case .refusesRange: return blob.refusal
        case .redirects(let storage):
          return ServerResponse(307, ["Location": storage.offer(blob)])
        case .forgetsUpload, .expiresTokens: break
        }
      }
      return blob.response(to: request)
    case "DELETE":
      guard options.allowsDeletion else { throw RegistryError.unsupported }
      guard contents.removeBlob(digest, from: name) else { throw RegistryError.blobUnknown(text) }
      return ServerResponse(202)
    default: throw RegistryError.unsupported
    }
  }
}
