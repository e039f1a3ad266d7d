import BuildGraph
package import DockerfileSyntax
import OCI

/// Lowers a Dockerfile to a build plan, with the meaning that BuildKit gives it
/// (docs.docker.com/reference/dockerfile; where it is silent, BuildKit's frontend decides).
package struct DockerfileFrontend {
  /// Makes the plan.
  ///
  /// Only what the target needs is in it; no other image is asked for. Throws `FrontendError` for
  /// what is wrong with the Dockerfile or its images, and `CancellationError`.
  package static func plan(
    _ dockerfile: Dockerfile, options: FrontendOptions, resolver: some ImageResolver
  ) async throws -> FrontendResult {
    var findings = FindingLog(dockerfile.directives.check)
    do {
      return try await lower(dockerfile, options, resolver, &findings)
    } catch var error as FrontendError {
      error.file = options.fileName
      error.warnings = inOrder(findings.findings)
      throw error
    }
  }

  private static func lower(
    _ dockerfile: Dockerfile, _ options: FrontendOptions, _ resolver: some ImageResolver,
    _ findings: inout FindingLog
  ) async throws -> FrontendResult {
    try refuseErrors(of: dockerfile)
    let expander = Expander(escape: dockerfile.directives.escape)
    if let defaults = try? GlobalArguments(
      dockerfile, options: options.withoutBuildArguments, expander: expander)
    {
      StageGraph.lintBases(of: dockerfile, withDefaults: defaults, expander, &findings)
    }
    let arguments = try GlobalArguments(dockerfile, options: options, expander: expander)
    var graph = try StageGraph(
      dockerfile, arguments: arguments, options: options, expander: expander, findings: &findings)
    let target = try graph.target()
    let images = try await resolveImages(of: target, in: &graph, options, resolver)

    var lowering = StageLowering(
      graph: graph, images: images, arguments: arguments, options: options, expander: expander,
      findings: findings)
    defer { findings = lowering.findings }
    for stage in stages(of: target, in: graph, options) {
      try lowering.lowerStage(stage)
    }
    let plan = try lowering.finish(target)
    try refuseFindings(of: dockerfile, lowering.findings)
    return FrontendResult(
      plan: plan, warnings: inOrder(lowering.findings.findings),
      argumentWarnings: UndeclaredArguments.warnings(
        options.buildArguments.keys,
        declared: options.recipeArguments.union(arguments.environment.names)
          .union(lowering.outline.declaredArguments)
          .union(UndeclaredArguments.declared(in: dockerfile))),
      outline: lowering.outline.outline(of: target, in: graph), missingImages: images.missing,
      sourceDateEpoch: arguments.sourceDateEpoch)
  }

  /// By line; what stands on the same line stays in its order.
  private static func inOrder(_ diagnostics: [SyntaxDiagnostic]) -> [SyntaxDiagnostic] {
    diagnostics.enumerated()
      .sorted { ($0.element.range.startLine, $0.offset) < ($1.element.range.startLine, $1.offset) }
      .map(\.element)
  }

  private static func stages(
    of target: Int, in graph: StageGraph, _ options: FrontendOptions
  ) -> [Int] {
    options.includesAllStages ? Array(graph.nodes.indices) : graph.reachable(from: target)
  }

  private static func refuseErrors(of dockerfile: Dockerfile) throws(FrontendError) {
    let errors = dockerfile.diagnostics.filter { $0.severity == .error }
    guard errors.isEmpty else { throw FrontendError(diagnostics: errors) }
    guard !dockerfile.stages.isEmpty else { throw FrontendError(.noStages, at: nil) }
  }

  /// `# check=error=true`: no rule may have found anything.
  private static func refuseFindings(
    of dockerfile: Dockerfile, _ findings: FindingLog
  ) throws(FrontendError) {
    let directives = dockerfile.directives
    let rules = Set((dockerfile.diagnostics + findings.findings).compactMap(\.rule))
    guard directives.check.failsBuild, !rules.isEmpty else { return }
    throw FrontendError(
      .lintFindings(rules.sorted { $0.name < $1.name }), at: directives.ranges["check"])
  }

  /// Asks for the images of the stages that the target needs, and lets their triggers fire, until
  /// no trigger needs anything more.
  private static func resolveImages(
    of target: Int, in graph: inout StageGraph, _ options: FrontendOptions,
    _ resolver: some ImageResolver
  ) async throws -> ImageCatalog {
    var images = ImageCatalog(toleratesMissing: options.toleratesMissingImages)
    let names = graph.nodes.compactMap(\.stage.name)
    while true {
      let needed = stages(of: target, in: graph, options)
      try await images.resolve(
        graph.imageRequests(of: needed), stages: names, resolver: resolver)
      var needsMore = false
      for index in needed {
        var configuration: ImageConfiguration?
        if case .image(let request) = graph.nodes[index].base {
          configuration = images[request]?.configuration
        }
        if try graph.fireTriggers(of: index, baseConfiguration: configuration) { needsMore = true }
      }
      guard needsMore else { return images }
    }
  }
}

extension FrontendError {
  fileprivate init(diagnostics: [SyntaxDiagnostic]) {
    self.init(problems: diagnostics.map { Problem(reason: .diagnostic($0), range: $0.range) })
  }
}
