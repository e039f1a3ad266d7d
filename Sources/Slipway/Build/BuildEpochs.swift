internal import BuildGraph
internal import DockerfileSyntax
internal import Engine
internal import Frontends
internal import Reporting

extension BuildContexts {
  /// How many steps may be reported while the time of a named context is found out.
  static let epochStepCount = 4
}

extension Home {
  /// What `SOURCE_DATE_EPOCH` means where it names a context or a stage: those are fetched for it.
  func epochs(
    _ dockerfile: Dockerfile, _ request: BuildRequest, _ source: BuildSource,
    _ contexts: BuildContexts, _ context: MainContext, _ reporter: Reporter
  ) async throws -> [String: Int64?] {
    let options = try contexts.frontendOptions(
      request, source, platform: request.targetPlatforms.first ?? nil)
    guard let (name, origin) = try DockerfileFrontend.epochOrigin(of: dockerfile, options: options)
    else { return [:] }
    guard case .source(let remote) = origin else { return [name: nil] }
    let first = context.stepCount + BuildSource.stepCount + 1
    let fetched = try await MainContext.fetch(
      remote, "`\(name)` for SOURCE_DATE_EPOCH", request, home: self, firstStep: first, reporter)
    return [name: try fetched.time()]
  }
}
