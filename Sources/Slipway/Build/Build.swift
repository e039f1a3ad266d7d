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
    let source = try BuildSource(request)
    do {
      return try await whileInUse {
        // Also after a failure, which may be that the disk is full.
        defer { tidy() }
        return try await build(request, source, reporter)
      }
    } catch {
      throw BuildFailure.describing(
        error, in: source, namingStep: request.targetPlatforms.count > 1)
    }
  }

  private func build(
    _ request: BuildRequest, _ source: BuildSource, _ reporter: Reporter
  ) async throws -> BuildProduct {
    let dockerfile = Dockerfile.parse(source.bytes)
    try source.report(dockerfile.diagnostics, to: reporter)

    let contexts = try BuildContexts(request, source, home: self)
    let images = ImageSources(
      home: self, layouts: contexts.layouts, asksRegistries: request.asksRegistries)
    let plans = try await self.plans(dockerfile, request, source, contexts, images)
    try source.report(plans.distinctWarnings, to: reporter)

    // The steps of the plans have the numbers from 1.
    let next = JointPlan(plans.map(\.plan)).vertices.count + 1
    let delivery = try await BuildDelivery(
      request, for: plans.map(\.plan.configuration.platform), home: self, firstStep: next + 1,
      reporter)
    do {
      let builds = try await fetching(step: next, reporter) {
        // A Dockerfile that says `SOURCE_DATE_EPOCH` says it for all platforms.
        let latestTime = try request.latestTime(plans[0].sourceDateEpoch)
        var inputs = try contexts.inputs(request, epoch: latestTime, reporter)
        inputs.layerReady = delivery.layerReady(latestTime: latestTime)
        return try await BuildEngine(stores: stores).solve(plans.map(\.plan), inputs)
      }
      contexts.save()
      let product = try await delivery.deliver(builds)
      try product.write(request)
      return product
    } catch {
      await delivery.stop()
      throw error
    }
  }

  /// A plan for each platform, in the order in which they were asked for.
  private func plans(
    _ dockerfile: Dockerfile, _ request: BuildRequest, _ source: BuildSource,
    _ contexts: BuildContexts, _ images: ImageSources
  ) async throws -> [FrontendResult] {
    var plans: [FrontendResult] = []
    for platform in request.targetPlatforms {
      let options = try contexts.frontendOptions(request, source, platform: platform)
      do {
        plans.append(
          try await DockerfileFrontend.plan(dockerfile, options: options, resolver: images))
      } catch {
        guard options.isOneOfSeveral, let platform else { throw error }
        throw BuildFailure.describing(error, in: source, of: platform)
      }
    }
    return plans
  }

  /// Shows what is fetched meanwhile as a step of its own; nothing is under way when this ends.
  func fetching<Result: Sendable>(
    step number: Int, _ reporter: Reporter, _ body: () async throws -> Result
  ) async throws -> Result {
    let step = TransferStep(
      StepID(number), name: "[internal] fetch layers of images", reporter: reporter)
    registries.fetcher.observe { step.receive($0) }
    do {
      return try await step.covering(body)
    } catch {
      await registries.fetcher.stop()
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

extension [FrontendResult] {
  /// The warnings of all platforms, each once, in the order of lines.
  fileprivate var distinctWarnings: [SyntaxDiagnostic] {
    var seen: Set<SyntaxDiagnostic> = []
    return flatMap(\.warnings).filter { seen.insert($0).inserted }
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
  func latestTime(_ declared: Int64?) throws -> Int64? {
    if timestamps == .preserve { return nil }
    if let declared { return declared }
    guard let text = environment["SOURCE_DATE_EPOCH"], !text.isEmpty else { return 0 }
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
