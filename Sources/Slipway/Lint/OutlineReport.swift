internal import DockerfileSyntax
package import Frontends
internal import OCI

/// What a build of a target can be told (`--call=outline`).
package struct OutlineReport: Sendable {
  package let outline: DockerfileOutline
  /// The Dockerfile's text.
  let source: [UInt8]

  /// As tables, in the form of buildx.
  package var text: String {
    var parts: [String] = []
    if outline.name != nil || outline.description != nil {
      var rows = [["TARGET:", outline.name ?? "(default)"]]
      if let description = outline.description { rows.append(["DESCRIPTION:", description]) }
      parts.append(TextTable(rows, gap: 1).text)
    }
    if !outline.arguments.isEmpty {
      let rows = outline.arguments.map { [$0.name, $0.value, $0.description ?? ""] }
      parts.append(TextTable([["BUILD ARG", "VALUE", "DESCRIPTION"]] + rows, gap: 3).text)
    }
    for (title, credentials) in [("SECRET", outline.secrets), ("SSH", outline.agents)]
    where !credentials.isEmpty {
      let rows = credentials.map { [$0.id, $0.isRequired ? "true" : ""] }
      parts.append(TextTable([[title, "REQUIRED"]] + rows, gap: 3).text)
    }
    return parts.joined(separator: "\n\n")
  }

  /// In the shape of `docker buildx build --call=outline,format=json`.
  package func json() throws -> String {
    func document(_ credential: DockerfileOutline.Credential) -> OutlineDocument.Credential {
      OutlineDocument.Credential(
        name: credential.id, required: credential.isRequired ? true : nil,
        location: SourceLocation(credential.range))
    }
    let document = OutlineDocument(
      name: outline.name, description: outline.description,
      args: outline.arguments.map { argument in
        OutlineDocument.Argument(
          name: argument.name, description: argument.description,
          value: argument.value.isEmpty ? nil : argument.value,
          location: SourceLocation(argument.range))
      }.nilIfEmpty,
      secrets: outline.secrets.map(document).nilIfEmpty,
      ssh: outline.agents.map(document).nilIfEmpty, sources: [JSON.Base64(source)])
    return String(decoding: try JSON.encodePretty(document), as: UTF8.self)
  }
}

/// BuildKit's `frontend/subrequests/outline`.
private struct OutlineDocument: Encodable {
  let name: String?
  let description: String?
  let args: [Argument]?
  let secrets: [Credential]?
  let ssh: [Credential]?
  let sources: [JSON.Base64]

  struct Argument: Encodable {
    let name: String
    let description: String?
    let value: String?
    let location: SourceLocation
  }

  struct Credential: Encodable {
    let name: String
    let required: Bool?
    let location: SourceLocation
  }
}

extension Array {
  /// The array, or nothing where there is nothing in it.
  fileprivate var nilIfEmpty: [Element]? { isEmpty ? nil : self }
}
