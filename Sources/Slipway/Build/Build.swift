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
      throw BuildFailure.describing(error, in: source)
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
    var plans: [FrontendResult] = []
    for platform in request.targetPlatforms {
      let options = try contexts.frontendOptions(request, source, platform: platform)
      plans.append(
        try await DockerfileFrontend.plan(dockerfile, options: options, resolver: images))
    }
    try source.report(plans[0].warnings, to: reporter)

    let steps = StepNumbering(plans.map(\.plan))
    let delivery = try await BuildDelivery(
      request, for: plans.map(\.plan.configuration.platform), home: self,
      firstStep: steps.next + 1, reporter)
    do {
      let builds = try await fetching(step: steps.next, reporter) {
        try await solve(plans, steps, contexts, request, delivery, reporter)
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

  /// Builds all platforms at once: what they share is built once, for the others to find.
  private func solve(
    _ plans: [FrontendResult], _ steps: StepNumbering, _ contexts: BuildContexts,
    _ request: BuildRequest, _ delivery: BuildDelivery, _ reporter: Reporter
  ) async throws -> [SolvedBuild] {
    let engine = BuildEngine(stores: stores)
    return try await withThrowingTaskGroup(of: (Int, SolvedBuild).self) { group in
      for (number, lowered) in plans.enumerated() {
        let latestTime = try request.latestTime(lowered.sourceDateEpoch)
        var inputs = try contexts.inputs(request, epoch: latestTime, reporter)
        inputs.firstStep = steps.first[number]
        inputs.layerReady = delivery.layerReady(latestTime: latestTime)
        let complete = inputs
        group.addTask { (number, try await engine.solve(lowered.plan, complete)) }
      }
      var builds: [Int: SolvedBuild] = [:]
      for try await (number, build) in group { builds[number] = build }
      return plans.indices.compactMap { builds[$0] }
    }
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

/// The numbers of all steps of a build: those of one plan after those of another.
private struct StepNumbering {
  /// The number of each plan's first step.
  let first: [Int]
  /// The first number that no plan has.
  let next: Int

  init(_ plans: [BuildPlan]) {
    var next = 1
    var first: [Int] = []
    for plan in plans {
      first.append(next)
      next += plan.vertices.count
    }
    self.first = first
    self.next = next
  }
}

extension BuildRequest {
  /// The platforms to build for, none twice; nil leaves the choice to the Dockerfile.
  fileprivate var targetPlatforms: [Platform?] {
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
      try OutputFile.write(Array("\(configuration)".utf8), to: path)
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
  let configurationDigest: Digest
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
    try values.encode(configurationDigest, forKey: .configurationDigest)
    try values.encode(digest, forKey: .digest)
    try values.encode(descriptor, forKey: .descriptor)
    if !names.isEmpty { try values.encode(names.joined(separator: ","), forKey: .name) }
  }
}
