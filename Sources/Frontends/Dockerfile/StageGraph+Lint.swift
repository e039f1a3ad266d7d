import DockerfileSyntax

/// Asks the lint rules about the `FROM` of every stage, also of those that are not built.
extension StageGraph {
  /// Looks at what a base expands to.
  static func lint(
    _ stage: Stage, _ base: Expansion, _ arguments: GlobalArguments,
    _ findings: inout FindingLog
  ) {
    for finding in UndefinedArgInFrom.check(base, arguments) {
      findings.report(finding, at: stage.fromRange, below: stage.comments)
    }
  }

  /// Looks at what a platform expands to.
  static func lint(
    _ stage: Stage, platform: String, _ expansion: Expansion, _ arguments: GlobalArguments,
    _ findings: inout FindingLog
  ) {
    let found =
      UndefinedArgInFrom.check(expansion, arguments)
      + [
        RedundantTargetPlatform.check(platform, expansion, arguments),
        FromPlatformFlagConstDisallowed.check(stage, expansion),
      ].compactMap(\.self)
    for finding in found {
      findings.report(finding, at: stage.fromRange, below: stage.comments)
    }
  }

  /// Looks at the bases as someone sees them who gives no build arguments.
  static func lintBases(
    of dockerfile: Dockerfile, withDefaults defaults: GlobalArguments, _ expander: Expander,
    _ findings: inout FindingLog
  ) {
    for stage in dockerfile.stages {
      guard
        let expansion = try? expander.expand(
          stage.base, environment: { defaults.environment[$0] })
      else { return }
      findings.report(
        InvalidDefaultArgInFrom.check(stage.base, expansion), at: stage.fromRange, below: [])
    }
  }
}
