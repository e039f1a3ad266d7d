import Glibc
import SystemPackage
import TestSupport
import Testing

/// Work as a real user who is not root.
@Suite(
  "Without root",
  .enabled(
    if: PlainUser.current != nil && Requirement.builds && Requirement.tools("setpriv", "newuidmap"),
    "needs the user `slipway-test`, setpriv and uidmap"))
struct RootlessTests {
  private static let dockerfile = """
    FROM busybox:test
    RUN mkdir /data && echo text > /data/file && chown 1000:65534 /data/file && chmod 4755 /data/file
    COPY --chown=7:8 Dockerfile /copied/
    RUN --mount=type=cache,target=/cache --network=none rm -r /home; echo kept > /cache/file
    RUN mkdir -m 777 /open
    USER nobody
    RUN id -u > /open/user
    """

  @Test("a build and a run work, and the digest is root's")
  func sameDigest() async throws {
    let user = try #require(PlainUser.current)
    let context = try TemporaryDirectory()
    try context.write(RootlessTests.dockerfile, to: "Dockerfile")
    let archive = context("busybox.tar")
    try Files.write(
      Files.read(await BusyboxImage.archive()), to: archive)
    try #require(chmod(context.path.string, 0o755) == 0)
    // The archive is no part of the build.
    try context.write("busybox.tar\n.dockerignore\n", to: ".dockerignore")

    let rooted = try await Slipway().withBusybox()
    let expected = try await rooted.build(context.path, "-t", "app").digest

    let rootless = try await user.slipway(in: TemporaryDirectory())
    let loaded = try await rootless.run("load", "-i", archive.string)
    try #require(loaded.succeeded, "\(loaded)")
    let built = try await rootless.run("build", "-q", "-t", "app", context.path.string)
    try #require(built.succeeded, "\(built)")
    #expect(built.text == expected)

    let ran = try await rootless.run(
      "run", "app", "sh", "-c", "id -u; cat /open/user /data/file; exit 7")
    #expect(ran.lines == ["65534", "65534", "text"])
    #expect(ran.status == .exited(7))
  }

  @Test(
    "images are pulled, built upon and pushed",
    .enabled(if: Requirement.dockerRegistry, "needs docker-registry"))
  func registries() async throws {
    let user = try #require(PlainUser.current)
    let registry = try await DockerRegistry.start()
    let context = try TemporaryDirectory()
    try context.write("FROM busybox:test\nRUN echo base > /base\n", to: "base/Dockerfile")
    try context.write(
      "FROM \(registry.host)/base:1\nRUN cat /base > /copy\n", to: "app/Dockerfile")
    try #require(chmod(context.path.string, 0o755) == 0)
    let rooted = try await Slipway().withBusybox()
    try await rooted.build(context("base"), "-t", "\(registry.host)/base:1", "--push")
    let expected = try await rooted.build(context("app"), "-t", "app").digest

    let rootless = try await user.slipway(in: TemporaryDirectory())
    let name = "\(registry.host)/app:1"
    let built = try await rootless.run(
      "build", "-q", "-t", name, "--push", context("app").string)
    try #require(built.succeeded, "\(built)")
    #expect(built.text == expected)
    try await rooted.check("pull", name)
    #expect(try await rooted.check("run", name, "cat", "/copy").text == "base")
  }

  @Test(
    "what is fetched is the same as root's",
    .enabled(if: Requirement.tools("git"), "needs git"))
  func remoteSources() async throws {
    let user = try #require(PlainUser.current)
    let site = try StaticSite()
    site["/a"] = StaticSite.Page("x", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT")
    let served = try TemporaryDirectory()
    let repository = try await GitRepository(at: served("repo"))
    try repository.write("#!/bin/sh\n", to: "bin/run", mode: 0o755)
    try await repository.commit()
    let server = try GitServer(served.path)
    let context = try TemporaryDirectory()
    try context.write(
      "FROM scratch\nADD \(site.address)/a /\nADD --chown=7:8 \(server.address("repo")) /r\n",
      to: "Dockerfile")
    let expected = try await Slipway().build(context.path).digest
    let rootless = try await user.slipway(in: TemporaryDirectory())
    let built = try await rootless.run("build", "-q", context.path.string)
    try #require(built.succeeded, "\(built)")
    #expect(built.text == expected)
  }

  @Test("who has no range of ids is told so, and nothing is written")
  func withoutRange() async throws {
    let folder = try TemporaryDirectory()
    try folder.write("FROM scratch\n", to: "Dockerfile")
    try #require(chmod(folder.path.string, 0o777) == 0)
    let executable = folder("slipway")
    try await Command("install", ["-m", "755", Slipway.executable.string, executable.string])
      .check()
    var command = Command(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", executable.string, "build", "."])
    command.directory = folder.path
    command.environment["SLIPWAY_HOME"] = folder("home").string
    let result = try await command.run()
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains("`nobody` has no range of ids in `/etc/subuid`"))
    #expect(result.errorText.contains("hint: "))
    #expect(!Files.exists(folder("home")))
  }
}
