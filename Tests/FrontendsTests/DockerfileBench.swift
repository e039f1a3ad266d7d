import BuildGraph
import DockerfileSyntax
import Frontends
import OCI

/// Images by the reference that the frontend asks for; what it asked is kept.
final class ImageShelf: ImageResolver {
  private let images: [String: ImageConfiguration]

  init(_ images: [String: ImageConfiguration]) {
    self.images = images
  }

  struct NotFound: Error, CustomStringConvertible {
    let description = "no such image; hint: pull it first"
  }

  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage {
    guard let configuration = images[reference] else { throw NotFound() }
    let bytes = Array("\(reference) \(platform)".utf8)
    return ResolvedImage(
      source: ImageSource(
        reference: reference, descriptor: Descriptor(of: bytes, as: .manifest)),
      configuration: configuration)
  }
}

/// A Dockerfile, lowered.
struct Lowered {
  let result: FrontendResult

  var plan: BuildPlan { result.plan }
  var dump: String { DockerfilePlanDump(plan: plan).text }
  var labels: [String] { plan.vertices.map(\.label) }
  var configuration: ImageConfiguration { plan.configuration }
  var process: ProcessConfiguration { plan.configuration.process }
  var history: [String] { plan.configuration.history.map { $0.createdBy ?? "" } }
  var rules: [String] { result.warnings.compactMap { $0.rule?.name } }

  /// The steps that run a process, in the form of a dump.
  var runs: [String] {
    plan.vertices.compactMap { vertex in
      guard case .execute(let execution) = vertex.operation else { return nil }
      return DockerfilePlanDump.text(execution)
    }
  }

  /// The actions of the steps that put files, in the form of a dump.
  var files: [String] {
    plan.vertices.compactMap { vertex in
      guard case .file(let actions) = vertex.operation else { return nil }
      return actions.map(DockerfilePlanDump.text).joined(separator: "; ")
    }
  }

  var configurationJSON: String {
    get throws { String(decoding: try JSON.encodePretty(plan.configuration), as: UTF8.self) }
  }
}

/// A base image with a layer and an environment.
func baseImage(
  _ change: (inout ImageConfiguration) -> Void = { _ in }
) -> ImageConfiguration {
  var configuration = ImageConfiguration(platform: Platform(os: "linux", architecture: "amd64"))
  configuration.rootFileSystem.diffIDs = [.sha256(of: [1])]
  configuration.history = [ImageConfiguration.HistoryEntry(createdBy: "base")]
  configuration.process.environment = ["PATH=/bin"]
  change(&configuration)
  return configuration
}

/// Lowers a Dockerfile on a machine where everything is `linux/amd64`.
func lower(
  _ text: String, images: [String: ImageConfiguration] = [:],
  _ change: (inout FrontendOptions) -> Void = { _ in }
) async throws -> Lowered {
  var shelf: [String: ImageConfiguration] = [
    "docker.io/library/alpine:latest": baseImage(),
    "docker.io/library/busybox:latest": baseImage(),
  ]
  shelf.merge(images) { _, given in given }
  var options = FrontendOptions()
  options.buildPlatform = Platform(os: "linux", architecture: "amd64")
  change(&options)
  let result = try await DockerfileFrontend.plan(
    Dockerfile.parse(Array(text.utf8)), options: options, resolver: ImageShelf(shelf))
  return Lowered(result: result)
}

/// The words of the error that a Dockerfile is refused with.
func refusal(
  of text: String, images: [String: ImageConfiguration] = [:],
  _ change: (inout FrontendOptions) -> Void = { _ in }
) async -> String {
  do {
    return "accepted:\n" + (try await lower(text, images: images, change).dump)
  } catch {
    return "\(error)"
  }
}
