internal import BuildGraph
internal import DockerfileSyntax
internal import Engine
internal import Exporters
internal import Frontends
import Glibc
internal import OCI
internal import Registry
package import Reporting
internal import Snapshots
internal import SystemPackage

extension Home {
  /// Builds an image: the walk of `docs/walk.md`, from top to bottom.
  ///
  /// What goes wrong is thrown as a `BuildFailure`, which shows the user's own line.
  package func build(_ request: BuildRequest, _ reporter: Reporter) async throws -> BuildProduct {
    try await whileInUse {
      // Also after a failure, which may be that the disk is full.
      defer { tidy() }
      return try await request.withKeyAgents { request in
        let context = try await MainContext.load(request, home: self, reporter)
        let source = try await BuildSource.load(request, context, home: self, reporter)
        do {
          return try await build(request, source, context, reporter)
        } catch {
          throw BuildFailure.describing(
            error, in: source, namingStep: request.targetPlatforms.count > 1)
        }
      }
    }
  }

  private func build(
    _ request: BuildRequest, _ source: BuildSource, _ context: MainContext, _ reporter: Reporter
  ) async throws -> BuildProduct {
    let dockerfile = try source.dockerfile(request)
    try source.report(dockerfile.diagnostics, to: reporter)
    if let frontend = request.buildArguments[SyntaxDirective.buildArgument],
      let warning = SyntaxDirective.warning(ofBuildArgument: frontend)
    {
      reporter.diagnose(warning)
    }

    let contexts = try BuildContexts(request, source, context, home: self)
    let images = ImageSources(
      home: self, layouts: contexts.layouts, asksRegistries: request.asksRegistries)
    let epochs = try await epochs(dockerfile, request, source, contexts, context, reporter)
    let plans = try await self.plans(
      dockerfile, request, source, contexts, images, epochs, reporter)

    var request = request
    if request.ignoresCache { request.cacheSources = [] }
    let found = FoundLayers()
    let steps = StepNumbering(
      plans, after: context.stepCount + BuildSource.stepCount + BuildContexts.epochStepCount,
      request)
    do {
      return try await carryOut(plans, steps, contexts, request, found, reporter)
    } catch {
      guard await forgetLost(found, after: error, reporter) else { throw error }
    }
    request.cacheSources = []
    let further = StepNumbering(plans, after: steps.last, request)
    return try await carryOut(plans, further, contexts, request, FoundLayers(), reporter)
  }

  /// From the plans to the images, where they are wanted, and the caches.
  private func carryOut(
    _ plans: [FrontendResult], _ steps: StepNumbering, _ contexts: BuildContexts,
    _ request: BuildRequest, _ found: FoundLayers, _ reporter: Reporter
  ) async throws -> BuildProduct {
    let shared = CacheImport(
      request.cacheSources, home: self, firstStep: steps.imports, reporter)
    defer { shared.finish() }
    let delivery = try await BuildDelivery(
      request, for: plans.map(\.plan.configuration.platform), home: self,
      firstStep: steps.deliveries, reporter)
    do {
      let (builds, product) = try await fetching(step: steps.fetch, reporter) {
        // A Dockerfile that says `SOURCE_DATE_EPOCH` says it for all platforms.
        let latestTime = try request.latestTime(
          plans[0].sourceDateEpoch, ofContext: contexts.epoch)
        var inputs = try contexts.inputs(request, epoch: latestTime, reporter)
        inputs.firstStep = steps.first
        inputs.layerReady = delivery.layerReady(latestTime: latestTime)
        inputs.caches = shared.caches
        inputs.layerFound = { found.add($0) }
        var builds = try await BuildEngine(stores: stores).solve(plans.map(\.plan), inputs)
        shared.finish()
        contexts.save()
        let listsSteps = request.cacheTargets.contains { $0.place == .inline }
        for number in builds.indices { builds[number].listsSteps = listsSteps }
        return (builds, try await delivery.deliver(builds))
      }
      try product.write(request)
      let export = CacheExport(
        home: self, targets: request.cacheTargets, firstStep: steps.exports, reporter: reporter)
      try await export.write(builds)
      return product
    } catch {
      await delivery.stop()
      throw error
    }
  }

  /// A plan for each platform, in the order in which they were asked for. What the frontend warns of
  /// is reported, also where there is no plan.
  private func plans(
    _ dockerfile: Dockerfile, _ request: BuildRequest, _ source: BuildSource,
    _ contexts: BuildContexts, _ images: ImageSources, _ epochs: [String: Int64?],
    _ reporter: Reporter
  ) async throws -> [FrontendResult] {
    var plans: [FrontendResult] = []
    var warnings: [SyntaxDiagnostic] = []
    defer { warnings.distinct.map(source.diagnostic).forEach(reporter.diagnose) }
    for platform in request.targetPlatforms {
      var options = try contexts.frontendOptions(request, source, platform: platform)
      options.namedEpochs = epochs
      do {
        let plan = try await DockerfileFrontend.plan(
          dockerfile, options: options, resolver: images)
        warnings += plan.warnings
        plans.append(plan)
      } catch {
        warnings += (error as? FrontendError)?.warnings ?? []
        guard options.isOneOfSeveral, let platform else { throw error }
        throw BuildFailure.describing(error, in: source, of: platform)
      }
    }
    // They are much the same for all platforms.
    plans.first?.argumentWarnings.forEach(reporter.diagnose)
    return plans
  }

  /// Shows what is fetched meanwhile as a step of its own; nothing is under way when this ends.
  func fetching<Result: Sendable>(
    step number: Int, _ reporter: Reporter, _ body: () async throws -> Result
  ) async throws -> Result {
    let step = TransferStep(
      StepID(number), name: "[internal] fetch layers of images", reporter: reporter)
    registries.fetcher.observe { step.receive($0) }
    let fetcher = registries.fetcher
    do {
      // A step that reads a layer as it arrives ends only when nothing arrives any more.
      return try await withTaskCancellationHandler {
        try await step.covering(body)
      } onCancel: {
        fetcher.cancel()
      }
    } catch {
      await fetcher.stop()
      throw error
    }
  }

  /// Clears up after killed builds and deletes a bounded part of what was thrown away; what cannot be
  /// deleted now can be later.
  private func tidy() {
    try? stores.layers.trashLeftovers()
    try? content.removeAbandonedBlobs()
    _ = try? stores.layers.reapTrash(limit: 10_000)
  }
}

/// The numbers of all steps of a build: those of the plans, then those of what happens besides.
private struct StepNumbering {
  let first: Int
  let fetch: Int
  /// The first of as many as there are shared caches to be asked.
  let imports: Int
  /// The first of as many as there are shared caches to be written.
  let exports: Int
  /// The first of any number.
  let deliveries: Int
  /// No number is above it.
  let last: Int

  init(_ plans: [FrontendResult], after previous: Int, _ request: BuildRequest) {
    first = previous + 1
    fetch = first + JointPlan(plans.map(\.plan)).vertices.count
    imports = fetch + 1
    exports = imports + request.cacheSources.count
    deliveries = exports + request.cacheTargets.count
    // A step for each name of each output, at most, or one for an engine.
    let counts = request.outputs.map { max(1, $0.names.count, request.tags.count) }
    last = deliveries + counts.reduce(0, +)
  }
}

extension [SyntaxDiagnostic] {
  /// Each once, in the order of lines: platforms share most of their warnings.
  fileprivate var distinct: [SyntaxDiagnostic] {
    var seen: Set<SyntaxDiagnostic> = []
    return filter { seen.insert($0).inserted }
      .enumerated().sorted {
        ($0.element.range.startLine, $0.offset) < ($1.element.range.startLine, $1.offset)
      }.map(\.element)
  }
}

extension BuildRequest {
  /// The platforms to build for, none twice; nil leaves the choice to the Dockerfile.
  var targetPlatforms: [Platform?] {
    var seen: Set<Platform> = []
    let wanted = platforms.filter { seen.insert($0).inserted }
    return wanted.isEmpty ? [nil] : wanted
  }

  /// The latest time that anything in the image may have; nil preserves times.
  func latestTime(_ declared: Int64?, ofContext context: Int64?) throws -> Int64? {
    if timestamps == .preserve { return nil }
    if let declared { return declared }
    guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return 0 }
    if text == "context" { return context ?? 0 }
    guard let epoch = Int64(text), epoch >= 0 else {
      throw RequestError.malformedEpoch(text)
    }
    return epoch
  }
}

extension BuildProduct {
  fileprivate func write(_ request: BuildRequest) throws {
    if let path = request.imageIDFile {
      try OutputFile.write(Array("\(configuration ?? descriptor.digest)".utf8), to: path)
    }
    if let path = request.metadataFile {
      let metadata = BuildMetadata(
        configurationDigest: configuration, digest: descriptor.digest, descriptor: descriptor,
        names: request.tags.map(\.description))
      try OutputFile.write(JSON.encodePretty(metadata), to: path)
    }
  }
}

/// What `--metadata-file` holds, under the names that buildx gives.
private struct BuildMetadata: Encodable {
  let configurationDigest: Digest?
  let digest: Digest
  let descriptor: Descriptor
  let names: [String]

  enum CodingKeys: String, CodingKey {
    case configurationDigest = "containerimage.config.digest"
    case digest = "containerimage.digest"
    case descriptor = "containerimage.descriptor"
    case name = "image.name"
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encodeIfPresent(configurationDigest, forKey: .configurationDigest)
    try values.encode(digest, forKey: .digest)
    try values.encode(descriptor, forKey: .descriptor)
    if !names.isEmpty { try values.encode(names.joined(separator: ","), forKey: .name) }
  }
}
