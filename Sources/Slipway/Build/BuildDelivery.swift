internal import BuildGraph
internal import Engine
internal import Exporters
internal import OCI
internal import Registry
internal import Reporting
internal import Snapshots
import Synchronization

/// Brings what a build makes to where it was asked for.
///
/// Layers go to registries as soon as they are there, while later steps still run; everything else
/// waits for the image.
final class BuildDelivery: Sendable {
  private let home: Home
  private let request: BuildRequest
  private let reporter: Reporter
  private let pushes: [Push]
  /// By the place of its output among all.
  private let loads: [Int: EngineLoad]
  private let early = Mutex<[Task<Void, Never>]>([])

  /// A registry that the image goes to.
  private struct Push: Sendable {
    let form: ImageForm
    let byDigest: Bool
    let pusher: ImagePusher
    let step: TransferStep
  }

  /// Throws what can be known of before anything is built: forms that the image cannot have, and
  /// engines that do not answer.
  ///
  /// - Parameters:
  ///   - platforms: what is built for.
  ///   - firstStep: a number that no step of the build has, nor any above it.
  init(
    _ request: BuildRequest, for platforms: [Platform], home: Home, firstStep: Int,
    _ reporter: Reporter
  ) async throws {
    self.home = home
    self.request = request
    self.reporter = reporter
    for output in request.outputs { try output.form.check(for: platforms) }
    var pushes: [Push] = []
    for output in request.outputs {
      guard case .registry(let byDigest) = output.destination else { continue }
      let targets = output.names.isEmpty ? request.tags : output.names
      guard !targets.isEmpty else { throw RequestError.nothingToPush }
      for target in targets {
        let step = TransferStep(
          StepID(firstStep + pushes.count), name: "pushing \(target.familiar)", reporter: reporter)
        let pusher = try home.registries.pusher(to: target) { step.receive($0) }
        pushes.append(
          Push(form: output.form, byDigest: byDigest, pusher: pusher, step: step))
      }
    }
    self.pushes = pushes
    var loads: [Int: EngineLoad] = [:]
    for (index, output) in request.outputs.enumerated() where output.destination == .engine {
      let engine = try await EngineDestination.find(environment: request.environment)
      guard platforms.contains(where: { $0.satisfies(engine.platform) }) || platforms.count == 1
      else { throw RequestError.notForEngine(engine.name, engine.platform, platforms) }
      loads[index] = EngineLoad(
        into: engine, step: StepID(firstStep + pushes.count + loads.count), reporter)
    }
    self.loads = loads
  }

  // MARK: - While it is built

  /// Whom the engine tells of layers; nil where nobody wants them early.
  ///
  /// - Parameter latestTime: as the images will have it.
  func layerReady(latestTime: Int64?) -> (@Sendable (FileSystemState) -> Void)? {
    if pushes.isEmpty { return nil }
    return { self.sendAhead($0, latestTime: latestTime) }
  }

  /// What goes wrong here goes wrong again when the image is sent, and is said then.
  private func sendAhead(_ state: FileSystemState, latestTime: Int64?) {
    guard let layer = state.layers.last else { return }
    let lower = Array(state.layers.dropLast())
    let store = home.stores.layers
    let task = Task { [pushes] in
      for push in pushes {
        let form = push.form
        let blob = try? await BlockingWork.run {
          try store.blob(of: layer, form, latestTime: latestTime, above: lower)
        }
        if let blob, !Task.isCancelled { push.pusher.begin(blob.descriptor) }
      }
    }
    early.withLock { $0.append(task) }
  }

  /// Ends what was begun early, for a build that failed.
  func stop() async {
    for task in early.withLock({ $0 }) {
      task.cancel()
      await task.value
    }
    for push in pushes {
      await push.pusher.stop()
      push.step.finish(.cancelled)
    }
  }

  // MARK: - When it is built

  /// Makes the images, keeps the first in the store and sends each to where it goes.
  func deliver(_ builds: [SolvedBuild]) async throws -> BuildProduct {
    let image = try await self.image(of: builds, request.outputs.first?.form ?? ImageForm())
    // Whoever asked for nothing but registries need not have here what only they want.
    if request.outputs.isEmpty || request.outputs.contains(where: { !$0.isRegistry }) {
      try await home.registries.complete(image)
    }
    try keep(image, as: request.tags)
    for (index, output) in request.outputs.enumerated() where !output.isRegistry {
      try await deliver(builds, to: output, loads[index])
    }
    try await push(builds)
    let configuration =
      image.mediaType.isIndex ? nil : try Image(image, in: home.content).manifest().config.digest
    return BuildProduct(descriptor: image, configuration: configuration)
  }

  private func deliver(
    _ builds: [SolvedBuild], to output: ImageOutput, _ load: EngineLoad?
  ) async throws {
    let image = NamedImage(
      descriptor: try await self.image(of: builds, output.form, for: load?.engine),
      names: output.names.isEmpty ? request.tags : output.names)
    // Another form may need blobs of a base image that the first did without.
    try await home.registries.complete(image.descriptor)
    if output.destination == .store, !output.names.isEmpty {
      try keep(image.descriptor, as: output.names)
    }
    if let place = try await home.export(image, to: output.destination) {
      reporter.report(.imageExported("wrote \(place)"))
    }
    if let load {
      try await load.load(image, from: home.content)
      let names = image.names.map(\.familiar).joined(separator: ", ")
      reporter.report(
        .imageExported(
          "loaded \(names.isEmpty ? "the image" : names) into \(load.engine.name)"))
    }
  }

  /// The image in a form that an engine can read. Its id there is the same: an engine keeps what the
  /// layers unpack to.
  private func image(
    of builds: [SolvedBuild], _ form: ImageForm, for engine: EngineDestination?
  ) async throws -> Descriptor {
    let image = try await self.image(of: builds, form)
    guard let engine, !engine.takesZstd,
      try home.platformImages(of: image).contains(where: { image in
        try image.manifest().layers.contains { $0.mediaType == .layerZstd }
      })
    else { return image }
    var readable = form
    readable.compression = ImageForm().compression
    readable.forceCompression = true
    return try await self.image(of: builds, readable)
  }

  /// The manifest of the only build, or an index of several.
  private func image(of builds: [SolvedBuild], _ form: ImageForm) async throws -> Descriptor {
    var manifests: [Descriptor] = []
    for build in builds { manifests.append(try await build.image(form)) }
    if manifests.count == 1 { return manifests[0] }
    let annotations = form.annotations
    let index = ImageIndex(
      mediaType: form.mediaTypes.index, manifests: manifests,
      annotations: annotations.index.isEmpty ? nil : annotations.index)
    var descriptor = try home.content.add(JSON.encode(index), as: form.mediaTypes.index)
    if !annotations.indexDescriptor.isEmpty { descriptor.annotations = annotations.indexDescriptor }
    return descriptor
  }

  private func keep(_ image: Descriptor, as names: [Reference]) throws {
    if names.isEmpty { try home.content.keep(image) }
    for name in names {
      try home.content.tag(name, image)
      reporter.report(.imageExported("tagged \(name.familiar)"))
    }
  }

  private func push(_ builds: [SolvedBuild]) async throws {
    for task in early.withLock({ $0 }) { await task.value }
    for push in pushes {
      let image = try await self.image(of: builds, push.form)
      try await push.step.covering {
        try await push.pusher.push(
          image, as: push.byDigest ? .digest(image.digest) : nil)
      }
      let target = push.pusher.target
      let name = push.byDigest ? target.name : target.familiar
      reporter.report(.imageExported("pushed \(name)@\(image.digest)"))
    }
  }
}

extension ImageOutput {
  fileprivate var isRegistry: Bool {
    if case .registry = destination { true } else { false }
  }
}
