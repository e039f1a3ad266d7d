internal import DockerfileSyntax
internal import Frontends
internal import OCI
internal import Reporting

extension Home {
  /// Looks at the Dockerfile of a request without building it: at all stages, or at those that its
  /// target needs. An image that cannot be found is no error.
  ///
  /// Throws for what is wrong with the request; what is wrong with the Dockerfile is in the report.
  package func lint(_ request: BuildRequest) async throws -> LintReport {
    let (source, context) = try await load(request)
    let dockerfile = try source.dockerfile(request)
    var report = LintReport(source.text)
    report.add(dockerfile.diagnostics, of: source)
    guard !dockerfile.hasErrors else { return report }

    var told: Set<SyntaxDiagnostic> = []
    let frontend = try Inspection(dockerfile, request, source, context, home: self)
    for platform in request.targetPlatforms {
      do {
        let result = try await frontend.look(at: platform, allStages: request.target == nil)
        report.add(result.warnings, besides: &told, of: source)
        report.add(result.missingImages, of: source)
      } catch let error as FrontendError {
        report.add(error.warnings, besides: &told, of: source)
        report.add(error)
        return report
      }
    }
    return report
  }

  /// What a build of the request's target can be told (`--call=outline`).
  ///
  /// Throws a `BuildFailure` for what is wrong with the Dockerfile.
  package func outline(_ request: BuildRequest) async throws -> OutlineReport {
    let (source, context) = try await load(request)
    do {
      let dockerfile = try source.dockerfile(request)
      let frontend = try Inspection(dockerfile, request, source, context, home: self)
      let result = try await frontend.look(
        at: request.targetPlatforms.first ?? nil, allStages: false)
      return OutlineReport(outline: result.outline, source: source.bytes)
    } catch {
      throw BuildFailure.describing(error, in: source)
    }
  }

  /// The stages of the request's Dockerfile (`--call=targets`).
  ///
  /// Throws a `BuildFailure` for what is wrong with the Dockerfile.
  package func targets(_ request: BuildRequest) async throws -> TargetReport {
    let source = try await load(request).source
    let dockerfile = try source.dockerfile(request)
    let errors = dockerfile.diagnostics.filter { $0.severity == .error }
    guard errors.isEmpty else {
      throw BuildFailure(diagnostics: errors.map(source.diagnostic))
    }
    return TargetReport(stages: dockerfile.stages, source: source.bytes)
  }

  /// Fetches what is elsewhere, in silence: what is asked for is an answer and not a build.
  private func load(
    _ request: BuildRequest
  ) async throws -> (source: BuildSource, context: MainContext) {
    let reporter = Reporter.silent
    return try await whileInUse {
      let context = try await MainContext.load(request, home: self, reporter)
      let source = try await BuildSource.load(request, context, home: self, reporter)
      return (source, context)
    }
  }
}

/// A Dockerfile with all that a look at it needs.
private struct Inspection {
  let dockerfile: Dockerfile
  let request: BuildRequest
  let source: BuildSource
  let contexts: BuildContexts
  let images: ImageSources
  let home: Home

  init(
    _ dockerfile: Dockerfile, _ request: BuildRequest, _ source: BuildSource,
    _ context: MainContext, home: Home
  ) throws {
    self.dockerfile = dockerfile
    self.request = request
    self.source = source
    self.home = home
    contexts = try BuildContexts(request, source, context, home: home)
    images = ImageSources(
      home: home, layouts: contexts.layouts, asksRegistries: request.asksRegistries)
  }

  /// Lowers the Dockerfile as for a build, without what cannot be had.
  func look(at platform: Platform?, allStages: Bool) async throws -> FrontendResult {
    var options = try contexts.frontendOptions(request, source, platform: platform)
    options.includesAllStages = allStages
    options.toleratesMissingImages = true
    return try await home.whileInUse {
      try await DockerfileFrontend.plan(dockerfile, options: options, resolver: images)
    }
  }
}

extension BuildSource {
  /// Reads the Dockerfile; the build argument `BUILDKIT_DOCKERFILE_CHECK` counts instead of its own
  /// `# check=`. What is wrong with it is in its diagnostics.
  func dockerfile(_ request: BuildRequest) throws -> Dockerfile {
    let name = "BUILDKIT_DOCKERFILE_CHECK"
    guard let text = request.buildArguments[name] else { return Dockerfile.parse(bytes) }
    do {
      return Dockerfile.parse(bytes, check: try CheckDirective.parse(text))
    } catch {
      let problem = "the build argument `\(name)` cannot be understood: \(error.message)"
      throw BuildFailure(diagnostics: [Diagnostic(.error, problem, hint: error.hint)])
    }
  }
}
