package import BuildGraph
package import DockerfileSyntax
package import Reporting

/// What a frontend makes of a source tree.
package struct FrontendResult: Sendable {
  package var plan: BuildPlan
  /// What lowering found, in the order of lines; the parser's own warnings are not among them.
  package var warnings: [SyntaxDiagnostic]
  /// What is said of build arguments that change nothing; it belongs to no line.
  package var argumentWarnings: [Diagnostic] = []
  /// What the target can be told, for `--call=outline`.
  package var outline: DockerfileOutline
  /// The images that the frontend went on without.
  package var missingImages: [MissingImage] = []
  /// `SOURCE_DATE_EPOCH` as the Dockerfile or a build argument set it, in seconds since 1970; nil
  /// leaves the choice to the caller.
  package var sourceDateEpoch: Int64?
}
