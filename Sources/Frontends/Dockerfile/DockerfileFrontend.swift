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
    do {
      return try await lower(dockerfile, options, resolver)
    } catch var error as FrontendError {
      error.file = options.fileName
      throw error
    }
  }

  private static func lower(
    _ dockerfile: Dockerfile, _ options: FrontendOptions, _ resolver: some ImageResolver
  ) async throws -> FrontendResult {
    try refuseErrors(of: dockerfile)
    let expander = Expander(escape: dockerfile.directives.escape)
    let arguments = try GlobalArguments(dockerfile, options: options, expander: expander)
    var graph = try StageGraph(
      dockerfile, arguments: arguments, options: options, expander: expander)
    if let defaults = try? GlobalArguments(
      dockerfile, options: options.withoutBuildArguments, expander: expander)
    {
      graph.checkBases(withDefaults: defaults, expander)
    }
    let target = try graph.target()
    let images = try await resolveImages(of: target, in: &graph, resolver)

    var lowering = StageLowering(
      graph: graph, images: images, arguments: arguments, options: options, expander: expander)
    for stage in graph.reachable(from: target) {
      try lowering.lowerStage(stage)
    }
    let plan = try lowering.finish(target)
    let check = dockerfile.directives.check
    let warnings = (graph.warnings + lowering.warnings)
      .filter { warning in warning.rule.map { !check.skips($0) } ?? true }
      .sorted { $0.range.startLine < $1.range.startLine }
    if check.failsBuild {
      let findings = dockerfile.diagnostics.filter { $0.severity == .warning } + warnings
      guard findings.isEmpty else { throw FrontendError(diagnostics: findings) }
    }
    return FrontendResult(
      plan: plan, warnings: warnings, sourceDateEpoch: arguments.sourceDateEpoch)
  }

  private static func refuseErrors(of dockerfile: Dockerfile) throws(FrontendError) {
    let errors = dockerfile.diagnostics.filter { $0.severity == .error }
    guard errors.isEmpty else { throw FrontendError(diagnostics: errors) }
    guard !dockerfile.stages.isEmpty else { throw FrontendError(.noStages, at: nil) }
  }

  /// Asks for the images of the stages that the target needs, and lets their triggers fire, until
  /// no trigger needs anything more.
  private static func resolveImages(
    of target: Int, in graph: inout StageGraph, _ resolver: some ImageResolver
  ) async throws -> ImageCatalog {
    var images = ImageCatalog()
    let names = graph.nodes.compactMap(\.stage.name)
    while true {
      let needed = graph.reachable(from: target)
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
