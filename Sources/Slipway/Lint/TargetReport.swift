package import DockerfileSyntax
internal import OCI

/// The stages that can be built (`--call=targets`).
package struct TargetReport: Sendable {
  package let stages: [Stage]
  /// The Dockerfile's text.
  let source: [UInt8]

  /// As a table, in the form of buildx.
  package var text: String {
    let rows = stages.map { stage in
      let isDefault = stage.index == stages.count - 1
      let mark = isDefault ? "(default)" : nil
      return [[stage.name, mark].compactMap(\.self).joined(separator: " "), stage.comment ?? ""]
    }
    return TextTable([["TARGET", "DESCRIPTION"]] + rows, gap: 1).text
  }

  /// In the shape of `docker buildx build --call=targets,format=json`.
  package func json() throws -> String {
    let targets = stages.map { stage in
      TargetDocument.Target(
        name: stage.name, isDefault: stage.index == stages.count - 1 ? true : nil,
        description: stage.comment, base: stage.base, platform: stage.platform,
        location: SourceLocation(stage.fromRange))
    }
    let document = TargetDocument(targets: targets, sources: [JSON.Base64(source)])
    return String(decoding: try JSON.encodePretty(document), as: UTF8.self)
  }
}

/// BuildKit's `frontend/subrequests/targets`.
private struct TargetDocument: Encodable {
  let targets: [Target]
  let sources: [JSON.Base64]

  struct Target: Encodable {
    let name: String?
    let isDefault: Bool?
    let description: String?
    let base: String
    let platform: String?
    let location: SourceLocation

    enum CodingKeys: String, CodingKey {
      case name, description, base, platform, location
      case isDefault = "default"
    }
  }
}
