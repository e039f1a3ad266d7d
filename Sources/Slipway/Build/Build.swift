internal import BuildGraph
internal import DockerfileSyntax
internal import Engine
internal import Exporters
internal import Frontends
import Glibc
internal import OCI
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
    let options = try contexts.frontendOptions(request, source)
    let resolver = StoreResolver(home: self, layouts: contexts.layouts)
    let lowered = try await DockerfileFrontend.plan(
      dockerfile, options: options, resolver: resolver)
    try source.report(lowered.warnings, to: reporter)

    let inputs = try contexts.inputs(
      request, epoch: request.latestTime(lowered.sourceDateEpoch), reporter)
    let descriptor = try await BuildEngine(stores: stores).build(lowered.plan, inputs)

    contexts.save()
    return try publish(descriptor, request, reporter)
  }

  /// Clears up after killed builds and deletes a bounded part of what was thrown away; what cannot be
  /// deleted now can be later.
  private func tidy() {
    try? stores.layers.trashLeftovers()
    try? content.removeAbandonedBlobs()
    _ = try? stores.layers.reapTrash(limit: 10_000)
  }

  /// Tags the image and sends it where it was asked for.
  private func publish(
    _ descriptor: Descriptor, _ request: BuildRequest, _ reporter: Reporter
  ) throws -> BuildProduct {
    let image = Image(descriptor, in: content)
    let manifest = try image.manifest()
    if request.tags.isEmpty {
      try content.keep(descriptor)
    }
    for tag in request.tags {
      try content.tag(tag, descriptor)
      reporter.report(.imageExported("tagged \(tag.familiar)"))
    }
    for output in request.outputs {
      try export(image, names: request.tags, to: output)
      reporter.report(.imageExported("wrote \(output.path)"))
    }
    let product = BuildProduct(descriptor: descriptor, configuration: manifest.config.digest)
    try product.write(request)
    return product
  }
}

extension BuildRequest {
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
