internal import BuildGraph
internal import Engine
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
  private let early = Mutex<[Task<Void, Never>]>([])

  /// A registry that the image goes to.
  private struct Push: Sendable {
    let form: ImageForm
    let pusher: ImagePusher
    let step: TransferStep
  }

  /// - Parameter firstStep: a number that no step of the build has, nor any above it.
  init(_ request: BuildRequest, home: Home, firstStep: Int, _ reporter: Reporter) throws {
    self.home = home
    self.request = request
    self.reporter = reporter
    var pushes: [Push] = []
    for output in request.outputs {
      guard case .registry(let names) = output.destination else { continue }
      let targets = names.isEmpty ? request.tags : names
      guard !targets.isEmpty else { throw RequestError.nothingToPush }
      for target in targets {
        let step = TransferStep(
          StepID(firstStep + pushes.count), name: "pushing \(target.familiar)", reporter: reporter)
        let pusher = try home.registries.pusher(to: target) { step.receive($0) }
        pushes.append(Push(form: output.form, pusher: pusher, step: step))
      }
    }
    self.pushes = pushes
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
        let encoding = LayerEncoding(compression: push.form.compression, latestTime: latestTime)
        let blob = try? await BlockingWork.run {
          try store.blob(of: layer, encoding: encoding, above: lower)
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
    try keep(image)
    // Whoever asked for nothing but registries need not have here what only they want.
    if request.outputs.isEmpty || request.outputs.contains(where: { !$0.isRegistry }) {
      try await home.registries.complete(image)
    }
    for output in request.outputs where !output.isRegistry {
      let image = try await self.image(of: builds, output.form)
      if let place = try home.export(image, names: request.tags, to: output.destination) {
        reporter.report(.imageExported("wrote \(place)"))
      }
    }
    try await push(builds)
    let configuration =
      image.mediaType.isIndex ? nil : try Image(image, in: home.content).manifest().config.digest
    return BuildProduct(descriptor: image, configuration: configuration)
  }

  /// The manifest of the only build, or an index of several.
  private func image(of builds: [SolvedBuild], _ form: ImageForm) async throws -> Descriptor {
    var manifests: [Descriptor] = []
    for build in builds {
      manifests.append(
        try await build.image(
          compression: form.compression, annotations: form.annotations.manifest))
    }
    if manifests.count == 1 { return manifests[0] }
    let added = form.annotations.manifestDescriptor
    for index in manifests.indices where !added.isEmpty { manifests[index].annotations = added }
    let index = ImageIndex(
      manifests: manifests,
      annotations: form.annotations.index.isEmpty ? nil : form.annotations.index)
    return try home.content.add(JSON.encode(index), as: .index)
  }

  private func keep(_ image: Descriptor) throws {
    if request.tags.isEmpty { try home.content.keep(image) }
    for tag in request.tags {
      try home.content.tag(tag, image)
      reporter.report(.imageExported("tagged \(tag.familiar)"))
    }
  }

  private func push(_ builds: [SolvedBuild]) async throws {
    for task in early.withLock({ $0 }) { await task.value }
    for push in pushes {
      let image = try await self.image(of: builds, push.form)
      try await push.step.covering { try await push.pusher.push(image) }
      let target = push.pusher.target
      reporter.report(.imageExported("pushed \(target.familiar)@\(image.digest)"))
    }
  }
}

extension ImageOutput {
  fileprivate var isRegistry: Bool {
    if case .registry = destination { true } else { false }
  }
}
