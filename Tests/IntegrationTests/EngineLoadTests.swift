import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Loading into engines",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct EngineLoadTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory

  init() async throws {
    slipway = try await Slipway().withBusybox()
    directory = try TemporaryDirectory()
    try directory.write(
      """
      FROM busybox:test
      COPY Dockerfile marker /made/
      ENTRYPOINT ["cat", "/made/marker"]
      """, to: "context/Dockerfile")
    // An engine that has a layer does not look at what it is sent, so none may have these.
    try directory.write("\(UInt64.random(in: 0 ... .max))", to: "context/marker")
  }

  private static let forms = [
    "type=docker", "type=docker,compression=zstd", "type=docker,compression=uncompressed",
    "type=docker,oci-mediatypes=false", "type=docker,force-compression=true,compression=zstd",
  ]

  /// Builds into an engine and returns the image's id.
  private func load(
    _ variable: String, _ address: String, _ arguments: String...
  ) async throws -> String {
    var slipway = slipway
    slipway.environment[variable] = address
    let file = directory("id")
    try await slipway.build(
      directory("context"), arguments: ["--iidfile", file.string] + arguments)
    return try Files.text(file)
  }

  // MARK: - Docker

  @Test(
    "a Docker engine has the image with Slipway's id, under its names, in whatever form it was sent",
    .enabled(if: Requirement.docker, "needs a Docker engine"), arguments: forms)
  func docker(form: String) async throws {
    let engine = try await DockerEngine.shared.get()
    let name = "load-\(UInt32.random(in: 0 ... .max))"
    let id = try await load(
      "DOCKER_HOST", engine.address, "-t", "\(name):1", "-t", "example.com/\(name):2", "-o", form)
    for tag in ["\(name):1", "example.com/\(name):2"] {
      let found = try await engine.check(
        "image", "inspect", "--format", "{{.Id}} {{json .RepoTags}}", tag)
      #expect(found.text.hasPrefix(id + " "))
      #expect(found.text.contains("\"\(tag)\""))
    }
  }

  @Test(
    "a Docker engine runs what `--load` gives it",
    .enabled(if: Requirement.docker, "needs a Docker engine"))
  func dockerRuns() async throws {
    let engine = try await DockerEngine.shared.get()
    let name = "run-\(UInt32.random(in: 0 ... .max))"
    _ = try await load("DOCKER_HOST", engine.address, "-t", name, "--load")
    let output = try await engine.check("run", "--rm", "--network", "none", name)
    #expect(output.text == (try Files.text(directory("context/marker"))))
  }

  @Test(
    "an image without a name is loaded without one",
    .enabled(if: Requirement.docker, "needs a Docker engine"))
  func dockerWithoutName() async throws {
    let engine = try await DockerEngine.shared.get()
    let id = try await load("DOCKER_HOST", engine.address, "--load")
    let tags = try await engine.check(
      "image", "inspect", "--format", "{{json .RepoTags}}", id)
    #expect(tags.text == "[]")
  }

  @Test(
    "of several platforms, the engine gets its own",
    .enabled(if: Requirement.docker, "needs a Docker engine"))
  func dockerPlatforms() async throws {
    let engine = try await DockerEngine.shared.get()
    try directory.write("FROM scratch\nCOPY marker /\n", to: "context/Dockerfile")
    let name = "platforms-\(UInt32.random(in: 0 ... .max))"
    let platforms = "linux/s390x,linux/amd64,linux/arm64"
    _ = try await load(
      "DOCKER_HOST", engine.address, "-t", name, "--platform", platforms, "--load")
    let own = try await engine.check("version", "--format", "{{.Server.Arch}}").text
    let loaded = try await engine.check("image", "inspect", "--format", "{{.Architecture}}", name)
    #expect(loaded.text == own)

    var slipway = slipway
    slipway.environment["DOCKER_HOST"] = engine.address
    let without = try await slipway.run(
      "build", "--platform", "linux/s390x,linux/riscv64", "--load", directory("context").string)
    #expect(without.status == .exited(1))
    #expect(
      without.errorText.contains(
        "takes one image of several, the one for `linux/\(own)`, and there are `linux/s390x`, "
          + "`linux/riscv64`"))
  }

  // MARK: - Podman

  @Test(
    "Podman has the image with Slipway's id, under its name, in whatever form it was sent",
    .enabled(if: Requirement.tools("podman", "curl"), "needs podman and curl"), arguments: forms)
  func podman(form: String) async throws {
    let service = try await PodmanService.shared.get()
    let name = "example.com/load-\(UInt32.random(in: 0 ... .max)):1"
    let id = try await load("CONTAINER_HOST", service.address, "-t", name, "-o", form)
    let found = try await service.check(
      "image", "inspect", "--format", "{{.Id}} {{json .RepoTags}}", name)
    #expect("sha256:" + found.text == "\(id) [\"\(name)\"]")
  }

  // MARK: - No engine

  @Test(
    "who may not use the socket is told so",
    .enabled(
      if: PlainUser.current != nil && Requirement.tools("setpriv", "newuidmap", "python3"),
      "needs the user `slipway-test`, setpriv and uidmap"))
  func forbidden() async throws {
    let user = try #require(PlainUser.current)
    let folder = try TemporaryDirectory()
    let slipway = try await user.slipway(in: folder)
    try folder.write("FROM scratch\nCOPY Dockerfile /\n", to: "context/Dockerfile")
    let socket = directory("socket")
    let script = "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
    try await Command("python3", ["-c", script, socket.string]).check()
    try #require(chmod(socket.string, 0o660) == 0)
    let result = try await slipway.run(
      environment: ["DOCKER_HOST": "unix://\(socket)"], "build", "--load",
      folder("context").string)
    #expect(result.status == .exited(1))
    #expect(
      result.errorText.contains(
        "no container engine answers: `\(socket)` (`DOCKER_HOST`) denies permission"))
    #expect(result.errorText.contains("is for root and the members of its group"))
  }

  @Test("an engine that is not there is missed before anything is built")
  func missing() async throws {
    var slipway = slipway
    slipway.environment["DOCKER_HOST"] = "unix://\(directory("nothing"))"
    let result = try await slipway.run(
      "build", "--progress", "plain", "--load", directory("context").string)
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains("`\(directory("nothing"))` (`DOCKER_HOST`) does not exist"))
    #expect(!result.errorText.contains("COPY"))
  }
}
