import SystemPackage
import TestSupport
import Testing

/// The cases share one home, as the builds of one machine do.
private actor SharedHome {
  static let shared = SharedHome()
  private var slipway: Task<Slipway, any Error>?

  func get() async throws -> Slipway {
    let task = slipway ?? Task { try await Slipway().withBusybox() }
    slipway = task
    return try await task.value
  }
}

@Suite(
  "Dockerfiles on a busybox base",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct DockerfileCaseTests {
  @Test(
    "a case gives the files and the configuration that it says",
    arguments: DockerfileCase.succeeding)
  func builds(_ dockerfile: DockerfileCase) async throws {
    let slipway = try await SharedHome.shared.get()
    let directory = try TemporaryDirectory()
    let context = try await dockerfile.prepare(in: directory)
    let name = "\(dockerfile.name):test"
    let command =
      ["build", "-t", name, "--progress", "plain"] + dockerfile.lines("arguments") + ["."]
    let result = try await slipway.command(command, in: context).run()
    try #require(result.succeeded, "\(result)")

    let expected = try #require(dockerfile.text("files"), "the case has no `files`")
    #expect(
      try await slipway.files(of: name) == expected.split(separator: "\n").map(String.init))
    if let configuration = dockerfile.text("config.json") {
      let actual = try await slipway.configuration(of: name)
      #expect(try JSONSubset.differences(configuration, actual) == [])
    }
  }

  @Test("a case that cannot be built says why and where", arguments: DockerfileCase.failing)
  func fails(_ dockerfile: DockerfileCase) async throws {
    let slipway = try await SharedHome.shared.get()
    let directory = try TemporaryDirectory()
    let context = try await dockerfile.prepare(in: directory)
    let name = "\(dockerfile.name):test"
    let command =
      ["build", "-t", name, "--progress", "plain"] + dockerfile.lines("arguments") + ["."]
    let result = try await slipway.command(command, in: context).run()

    #expect(result.status == .exited(1))
    #expect(result.text == "", "messages belong on standard error")
    for words in dockerfile.lines("error") {
      #expect(result.errorText.contains(words), "`\(words)` is not in:\n\(result.errorText)")
    }
    let images = try await slipway.check("images")
    #expect(!images.text.contains(dockerfile.name))
  }

  @Test("the script that lists images sees what slipway lists itself")
  func listings() async throws {
    let slipway = try await SharedHome.shared.get()
    let ours = try await slipway.check("inspect", "--files", "busybox:test").lines
    let theirs = try await slipway.files(of: "busybox:test", withoutBusybox: false)
    #expect(ours.count == theirs.count)
    #expect(ours.contains { $0.hasSuffix(" /bin/busybox") })
  }
}
