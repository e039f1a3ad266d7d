internal import DockerfileSyntax
internal import OCI
internal import Reporting

extension LintReport {
  /// The report in the shape of `docker buildx build --call=check,format=json`.
  package func json() throws -> String {
    let document = CheckDocument(
      warnings: findings.map { finding in
        CheckDocument.Warning(
          ruleName: finding.rule.name, description: finding.rule.summary,
          url: finding.rule.address, detail: finding.message,
          location: SourceLocation(finding.range))
      },
      sources: [
        CheckDocument.Source(
          filename: source.name, language: "Dockerfile", data: JSON.Base64(source.bytes))
      ],
      buildError: buildError)
    return String(decoding: try JSON.encodePretty(document), as: UTF8.self)
  }

  private var buildError: CheckDocument.BuildError? {
    guard !problems.isEmpty else { return nil }
    return CheckDocument.BuildError(
      message: problems.map(\.message).joined(separator: "\n"),
      location: SourceLocation(problems.compactMap(\.range)))
  }
}

/// BuildKit's `frontend/subrequests/lint`.
private struct CheckDocument: Encodable {
  let warnings: [Warning]
  let sources: [Source]
  let buildError: BuildError?

  struct Warning: Encodable {
    let ruleName: String
    let description: String
    let url: String?
    let detail: String
    let location: SourceLocation
  }

  struct Source: Encodable {
    let filename: String
    let language: String
    let data: JSON.Base64
  }

  struct BuildError: Encodable {
    let message: String
    let location: SourceLocation
  }
}
