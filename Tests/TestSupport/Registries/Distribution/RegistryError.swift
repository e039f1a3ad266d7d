import OCI

/// An error in the form of the distribution specification ("Error Codes").
struct RegistryError: Error, Sendable {
  let status: Int
  let code: String
  let message: String
  var headers: HTTPHeaders = [:]

  init(_ status: Int, _ code: String, _ message: String, _ headers: HTTPHeaders = [:]) {
    self.status = status
    self.code = code
    self.message = message
    self.headers = headers
  }

  var response: ServerResponse {
    let document = Document(errors: [.init(code: code, message: message)])
    var response = ServerResponse.text(
      status, String(decoding: (try? JSON.encode(document)) ?? [], as: UTF8.self),
      type: "application/json")
    for field in headers.fields { response.headers.add(field.name, field.value) }
    return response
  }

  private struct Document: Encodable {
    struct Entry: Encodable {
      let code: String
      let message: String
    }

    let errors: [Entry]
  }
}

extension RegistryError {
  static func blobUnknown(_ digest: String) -> RegistryError {
    RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry: \(digest)")
  }

  static func manifestUnknown(_ reference: String) -> RegistryError {
    RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown: \(reference)")
  }

  static func nameUnknown(_ name: String) -> RegistryError {
    RegistryError(404, "NAME_UNKNOWN", "repository name not known to registry: \(name)")
  }

  static func nameInvalid(_ name: String) -> RegistryError {
    RegistryError(400, "NAME_INVALID", "invalid repository name: \(name)")
  }

  static func digestInvalid(_ why: String) -> RegistryError {
    RegistryError(400, "DIGEST_INVALID", why)
  }

  static func manifestInvalid(_ why: String) -> RegistryError {
    RegistryError(400, "MANIFEST_INVALID", why)
  }

  static let uploadUnknown = RegistryError(
    404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
  static let unsupported = RegistryError(405, "UNSUPPORTED", "the operation is unsupported")
}
