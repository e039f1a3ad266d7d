package import Reporting

/// What `# syntax=` asks for: a frontend image that would read the file in our place.
package enum SyntaxDirective {
  /// The version of the Dockerfile frontend whose language is read.
  package static let version = "1.26"

  private static let ownFrontends: Set<String> = [
    "docker/dockerfile", "docker/dockerfile-upstream",
  ]

  /// The build argument that counts instead of the directive.
  package static let buildArgument = "BUILDKIT_SYNTAX"

  /// A warning where the frontend is not one that reads Dockerfiles. It belongs to no rule.
  package static func warning(_ value: String, at range: SourceRange) -> SyntaxDiagnostic? {
    problem(with: value).map {
      SyntaxDiagnostic(
        .warning, $0, hint: "take `# syntax=` away if the file is a plain Dockerfile", at: range)
    }
  }

  /// The same for what the build argument says.
  package static func warning(ofBuildArgument value: String) -> Diagnostic? {
    problem(with: value).map {
      Diagnostic(
        .warning, $0,
        hint: "leave `--build-arg \(buildArgument)` out if the file is a plain Dockerfile")
    }
  }

  private static func problem(with value: String) -> String? {
    let image = value.prefix { $0 != " " }
    guard !image.isEmpty, !ownFrontends.contains(repository(of: image)) else { return nil }
    return "`\(String(image).excerpt)` is not run: "
      + "the file is read as a Dockerfile of version \(version)"
  }

  /// The name without the default registry, tag and digest.
  private static func repository(of image: Substring) -> String {
    var name = image.prefix { $0 != "@" }
    if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = name[..<colon] }
    for registry in ["docker.io/", "index.docker.io/"] where name.hasPrefix(registry) {
      name = name.dropFirst(registry.count)
    }
    return String(name)
  }
}
