import BuildGraph
import DockerfileSyntax
import Frontends
import OCI
import Testing

/// Answers only once as many questions are open as it was made for; counts them all.
private actor MeetingPoint: ImageResolver {
  private let size: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private(set) var questions: [String] = []

  init(size: Int) {
    self.size = size
  }

  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage {
    questions.append("\(reference) \(platform)")
    if waiting.count + 1 < size {
      await withCheckedContinuation { waiting.append($0) }
    } else {
      for continuation in waiting { continuation.resume() }
      waiting = []
    }
    return ResolvedImage(
      source: ImageSource(
        reference: reference, descriptor: Descriptor(of: [], as: .manifest)),
      configuration: baseImage())
  }
}

private struct Cancelled: ImageResolver {
  func resolve(_ reference: String, platform: Platform) async throws -> ResolvedImage {
    throw CancellationError()
  }
}

@Suite struct DockerfileResolutionTests {
  @Test("images are asked for at once, each one once a platform", .timeLimit(.minutes(10)))
  func concurrency() async throws {
    let resolver = MeetingPoint(size: 3)
    var options = FrontendOptions()
    options.platform = Platform(os: "linux", architecture: "amd64")
    let dockerfile = Dockerfile.parse(
      Array(
        """
        FROM one AS a
        FROM docker.io/library/one:latest AS b
        RUN --mount=from=two,target=/x y
        FROM --platform=linux/arm64 one AS c
        FROM unused AS d
        FROM b
        COPY --from=a /x /
        COPY --from=c /x /
        COPY --from=two /x /
        """.utf8))
    let result = try await DockerfileFrontend.plan(
      dockerfile, options: options, resolver: resolver)
    #expect(
      await resolver.questions.sorted() == [
        "docker.io/library/one:latest linux/amd64", "docker.io/library/one:latest linux/arm64",
        "docker.io/library/two:latest linux/amd64",
      ])
    #expect(result.plan.vertices.count > 3)
  }

  @Test("more images than are asked for at once are all resolved")
  func manyImages() async throws {
    let names = (1...40).map { "image\($0)" }
    let text = "FROM scratch\n" + names.map { "COPY --from=\($0) /x /" }.joined(separator: "\n")
    let images = Dictionary(
      uniqueKeysWithValues: names.map { ("docker.io/library/\($0):latest", baseImage()) })
    #expect(try await lower(text, images: images).files.count == 40)
  }

  @Test("cancellation stays what it is")
  func cancellation() async {
    await #expect(throws: CancellationError.self) {
      try await DockerfileFrontend.plan(
        Dockerfile.parse(Array("FROM alpine".utf8)), options: FrontendOptions(),
        resolver: Cancelled())
    }
  }

  @Test("a Dockerfile of thousands of steps is lowered whole")
  func large() async throws {
    let steps = (0..<5_000).map { "COPY --from=0 a\($0) /" }.joined(separator: "\n")
    let lowered = try await lower("FROM alpine\nFROM scratch\n" + steps)
    #expect(lowered.plan.layerHistory.count == 5_000)
  }
}
