import BuildGraph
import DockerfileSyntax

/// What `--provenance`, `--sbom` and `--attest` of `docker buildx build` ask for. Images get no
/// attestations yet: that there be none is granted, that there be some is refused.
enum AttestationArgument {
  /// Throws where a kind is wanted.
  static func check(provenance: String?, sbom: String?, attest: [String]) throws {
    for (kind, value) in [("provenance", provenance), ("sbom", sbom)] {
      guard let value, !declines(value) else { continue }
      throw ArgumentProblem.attestation(kind)
    }
    for value in attest where !declines(value) {
      guard let kind = field("type", of: value) else {
        throw ArgumentProblem.attestationType(value)
      }
      throw ArgumentProblem.attestation(kind)
    }
  }

  /// `false`, or fields with `disabled=true` among them.
  private static func declines(_ value: String) -> Bool {
    if let isWanted = GoBoolean.value(value) { return !isWanted }
    return field("disabled", of: value).flatMap(GoBoolean.value) == true
  }

  private static func field(_ name: String, of value: String) -> String? {
    let fields = CommaSeparatedFields.parse(value) ?? []
    return fields.compactMap { $0.dropping(prefix: "\(name)=") }.last
  }
}
