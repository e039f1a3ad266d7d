package import OCI
package import Transport

/// What a registry refused, or could not do.
package struct RegistryError: Error, Sendable, CustomStringConvertible {
  /// The registry as the reference names it.
  package let registry: String
  package let repository: String
  /// What was being done, such as "fetching the manifest `1.2`".
  package let activity: String
  package let cause: Cause

  package enum Cause: Sendable {
    /// An answer that says no: the HTTP status and the registry's own words.
    case refused(status: Int, [RegistryMessage])
    /// A 401 in spite of what there is of credentials.
    case unauthorized(hasCredentials: Bool, [RegistryMessage])
    case transport(TransportError)
    case wrongDigest(expected: Digest, actual: Digest)
    /// More or fewer bytes than the descriptor says.
    case wrongSize(expected: Int64, actual: Int64)
    /// An answer that the distribution specification does not allow.
    case malformed(String)
    case notAnImage(MediaType)
    /// What is to be sent is neither here nor in a repository that is known to have it.
    case missing(Digest)
  }

  /// The HTTP status of the answer; nil where there was none or it is not to blame.
  package var status: Int? {
    switch cause {
    case .refused(let status, _): status
    case .unauthorized: 401
    default: nil
    }
  }

  package var description: String {
    let place = repository.isEmpty ? registry : "\(registry)/\(repository)"
    return "\(activity) (`\(place)`): \(reason)"
  }

  private var reason: String {
    switch cause {
    case .refused(let status, let messages):
      HTTPStatus.words(status) + RegistryMessage.words(messages) + hint(status)
    case .unauthorized(hasCredentials: true, let messages):
      HTTPStatus.words(401) + RegistryMessage.words(messages)
        + "; hint: the credentials for `\(registry)` do not allow this; "
        + "`slipway login \(registry)` replaces them"
    case .unauthorized(hasCredentials: false, let messages):
      HTTPStatus.words(401) + RegistryMessage.words(messages)
        + "; hint: `slipway login \(registry)`, if it exists and is not public"
    case .transport(let error): error.description
    case .wrongDigest(let expected, let actual):
      "the registry sent something with the digest `\(actual)` for `\(expected)`; "
        + "hint: it, or something on the way, is damaged"
    case .wrongSize(let expected, let actual):
      "the registry sent \(actual) bytes where \(expected) were promised"
    case .malformed(let what): "the registry's answer makes no sense: \(what)"
    case .notAnImage(DocumentType.schema1):
      "it is an image of Docker's old schema 1, which nothing here reads; "
        + "hint: push it again with a Docker of this decade"
    case .notAnImage(let type): "it is `\(printable(type.rawValue))`, which is no image"
    case .missing(let digest):
      "`\(digest)` is not in the local store, and no registry is known to have it; "
        + "hint: pull or build the image again"
    }
  }

  private func hint(_ status: Int) -> String {
    switch status {
    case 403: "; hint: the account may not do this; `slipway login \(registry)` changes it"
    case 404: "; hint: check the name and the tag"
    case 413: "; hint: the registry, or a proxy before it, limits the size of requests"
    case 429: "; hint: wait, or `slipway login \(registry)` for a higher limit"
    default: ""
    }
  }
}

/// One of the errors in a registry's answer (distribution-spec, "Error Codes"), or the plain text of an
/// answer that follows no specification.
package struct RegistryMessage: Sendable, Hashable {
  /// Such as `MANIFEST_UNKNOWN`; empty where it gives none.
  package let code: String
  package let text: String

  /// `: manifest unknown (MANIFEST_UNKNOWN)` for each; empty where there are none.
  static func words(_ messages: [RegistryMessage]) -> String {
    messages.prefix(3).map { message in
      let code = message.code.isEmpty ? "" : " (\(printable(message.code)))"
      return ": " + printable(message.text) + code
    }.joined()
  }

  /// Reads the body of an answer.
  static func reading(_ body: [UInt8]) -> [RegistryMessage] {
    struct Body: Decodable {
      struct Entry: Decodable {
        let code: String?
        let message: String?
      }
      let errors: [Entry]?
      /// What token servers say (RFC 6749, 5.2), and others.
      let error: String?
      let errorDescription: String?
      let details: String?
      let message: String?

      enum CodingKeys: String, CodingKey {
        case errors, error, details, message
        case errorDescription = "error_description"
      }
    }
    if let document = try? JSON.decode(Body.self, from: body) {
      if let entries = document.errors, !entries.isEmpty {
        return entries.map { RegistryMessage(code: $0.code ?? "", text: $0.message ?? "refused") }
      }
      if let text = document.errorDescription ?? document.details ?? document.message {
        return [RegistryMessage(code: document.error ?? "", text: text)]
      }
      return document.error.map { [RegistryMessage(code: "", text: $0)] } ?? []
    }
    let text = String(decoding: body.prefix(256), as: UTF8.self)
    guard !text.hasPrefix("<"), text.contains(where: { !$0.isWhitespace }) else { return [] }
    return [RegistryMessage(code: "", text: text.split(whereSeparator: \.isNewline)[0].description)]
  }
}
