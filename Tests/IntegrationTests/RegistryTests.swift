import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Images from and for registries",
  .enabled(
    if: Requirement.builds && Requirement.dockerRegistry,
    "builds need root, busybox, tar and python3; registries need docker-registry and openssl"))
struct RegistryTests {
  private let registry: DockerRegistry
  private let directory: TemporaryDirectory

  init() async throws {
    registry = try await DockerRegistry.start()
    directory = try TemporaryDirectory()
    try directory.write(
      """
      FROM busybox:test
      RUN echo of-the-base > /base && ln /base /same && ln -s base /link
      ENV FROM_BASE=1
      """, to: "base/Dockerfile")
    try directory.write(
      """
      FROM \(registry.host)/team/base:1
      RUN cat /base && echo "$FROM_BASE" > /mine
      COPY Dockerfile /
      """, to: "app/Dockerfile")
  }

  /// The base, in the registry; its digest.
  private func pushBase() async throws -> String {
    let slipway = try await Slipway().withBusybox()
    return try await slipway.build(
      directory("base"), "-t", "\(registry.host)/team/base:1", "--push"
    ).digest
  }

  @Test("a build on another machine pulls what FROM names, and pushes the same bytes")
  func buildsUpon() async throws {
    let base = try await pushBase()
    var digests: Set<String> = []
    for _ in 0..<2 {
      let slipway = try Slipway()
      let name = "\(registry.host)/team/app:1"
      let built = try await slipway.build(directory("app"), "-t", name, "--push")
      digests.insert(built.digest)
      #expect(built.log.contains("pushed \(name)@\(built.digest)"))
      let listed = try await slipway.check("images")
      #expect(listed.text.contains("\(registry.host)/team/base:1"))
      #expect(listed.text.contains(base.dropFirst(7).prefix(12)))
    }
    #expect(digests.count == 1)
    let pulled = try Slipway()
    let name = "\(registry.host)/team/app:1"
    #expect(try await pulled.check("pull", name).text == digests.first)
    #expect(
      try await pulled.check("run", name, "cat", "/mine", "/base").lines == ["1", "of-the-base"])
  }

  @Test("layers that nothing looks into are never fetched, and are mounted where the image goes")
  func staysLazy() async throws {
    _ = try await pushBase()
    try directory.write("FROM \(registry.host)/team/base:1\nENV A=1\n", to: "lazy/Dockerfile")
    let slipway = try Slipway()
    let built = try await slipway.build(
      directory("lazy"), "-t", "\(registry.host)/other/lazy:1", "--push")
    #expect(!built.log.contains("fetch layers"))
    #expect(built.log.contains("is mounted from team/base"))
    let blobs = Files.names(in: slipway.home.appending("blobs/sha256"))
    #expect(blobs.count == 4, "two manifests and two configurations")
    // It is whole in the registry, and becomes whole here when it is needed.
    let ran = try await slipway.check("run", "\(registry.host)/other/lazy:1", "cat", "/same")
    #expect(ran.text == "of-the-base")
    let other = try Slipway()
    try await other.check("pull", "\(registry.host)/other/lazy:1")
    try await other.check(
      "save", "-o", directory("lazy.tar").string, "\(registry.host)/other/lazy:1")
  }

  @Test("an image kept in the store is whole, whether or not a step looked into it")
  func completes() async throws {
    _ = try await pushBase()
    try directory.write("FROM \(registry.host)/team/base:1\nENV A=1\n", to: "kept/Dockerfile")
    let slipway = try Slipway()
    try await slipway.build(directory("kept"), "-t", "kept")
    await registry.stop()
    #expect(try await slipway.check("run", "kept", "cat", "/base").text == "of-the-base")
    // What is in the store needs no registry.
    #expect(try await slipway.build(directory("kept"), "-t", "kept").log.contains("tagged kept"))
    let again = try await slipway.run("build", "--pull", directory("kept").string)
    #expect(again.status == .exited(1))
    #expect(again.errorText.contains("FROM \(registry.host)/team/base:1"))
  }

  @Test("--pull takes what a name stands for today, and nothing again that is here")
  func pulls() async throws {
    _ = try await pushBase()
    let slipway = try Slipway()
    let name = "\(registry.host)/team/app:1"
    let first = try await slipway.build(directory("app"), "-t", name)
    try directory.write(
      "FROM busybox:test\nRUN echo changed > /base\n", to: "base/Dockerfile")
    _ = try await pushBase()
    #expect(try await slipway.build(directory("app"), "-t", name).digest == first.digest)
    let second = try await slipway.build(directory("app"), "-t", name, "--pull")
    #expect(second.digest != first.digest)
    #expect(try await slipway.check("run", name, "cat", "/base").text == "changed")
    let third = try await slipway.build(directory("app"), "-t", name, "--pull")
    #expect(third.digest == second.digest)
    #expect(!third.log.contains("fetch layers"))
  }

  @Test("what a registry does not have is an error on the user's line")
  func notFound() async throws {
    let slipway = try Slipway()
    let result = try await slipway.run("build", directory("app").string)
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains("1 | >>> FROM \(registry.host)/team/base:1"))
    #expect(result.errorText.contains("404 Not Found"))
    #expect(result.errorText.contains("hint:"))
    let pushed = try await slipway.run("push", "nothing:1")
    #expect(pushed.status == .exited(1))
    #expect(pushed.errorText.contains("there is no image `nothing:1` in the store"))
  }

  @Test("copies between registries keep nothing here, and the digest")
  func copies() async throws {
    let digest = try await pushBase()
    let other = try await DockerRegistry.start()
    let slipway = try Slipway()
    let copied = try await slipway.check(
      "copy", "\(registry.host)/team/base:1", "\(other.host)/mirror/base:2")
    #expect(copied.text == digest)
    #expect(Files.names(in: slipway.home.appending("blobs/sha256")).count == 2)
    let pulled = try Slipway()
    #expect(try await pulled.check("pull", "\(other.host)/mirror/base:2").text == digest)
    let archive = directory("base.tar")
    try await slipway.check("copy", "\(other.host)/mirror/base:2", "oci-archive:\(archive)")
    let loaded = try Slipway()
    try await loaded.check("load", "-i", archive.string)
    #expect(try await loaded.check("images", "-q").text == digest)
  }

  @Test(
    "skopeo takes what is pushed and gives what is pulled, digest for digest",
    .enabled(if: Requirement.tools("skopeo"), "needs skopeo"))
  func skopeo() async throws {
    let digest = try await pushBase()
    let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    try await Command(
      "skopeo",
      ["copy", "-q", "--preserve-digests"] + insecure + [
        "docker://\(registry.host)/team/base:1", "docker://\(registry.host)/by/skopeo:1",
      ]
    ).check()
    let slipway = try Slipway()
    #expect(try await slipway.check("pull", "\(registry.host)/by/skopeo:1").text == digest)
    // Docker's types and its own compression, as other tools push them.
    try await Command(
      "skopeo",
      ["copy", "-q", "--format", "v2s2"] + insecure + [
        "docker://\(registry.host)/team/base:1", "docker://\(registry.host)/team/base:1",
      ]
    ).check()
    let fresh = try Slipway()
    try await fresh.build(directory("app"), "-t", "app")
    #expect(
      try await fresh.check("run", "app", "cat", "/link", "/mine").lines == ["of-the-base", "1"])
  }

  @Test(
    "a Docker engine and Podman pull what is pushed, and what they push is built upon",
    .enabled(if: Requirement.docker && Requirement.tools("podman"), "needs dockerd and podman"))
  func engines() async throws {
    let slipway = try await Slipway().withBusybox()
    let name = "\(registry.host)/team/base:1"
    try await slipway.build(directory("base"), "-t", name, "--push")
    let identifier = directory("id")
    try await slipway.build(directory("base"), "-t", name, "--iidfile", identifier.string)
    let expected = String(decoding: try Files.read(identifier), as: UTF8.self)

    let docker = try await DockerEngine.shared.get()
    try await docker.check("pull", "-q", name)
    #expect(
      try await docker.check("image", "inspect", "--format", "{{.Id}}", name).text == expected)
    try await docker.check("tag", name, "\(registry.host)/by/docker:1")
    try await docker.check("push", "-q", "\(registry.host)/by/docker:1")

    let state = ["--root", directory("podman").string, "--runroot", directory("run").string]
    try await Command(
      "podman", state + ["--storage-driver", "vfs", "pull", "-q", "--tls-verify=false", name]
    ).check()
    try await Command(
      "podman",
      state + [
        "--storage-driver", "vfs", "push", "-q", "--tls-verify=false", name,
        "\(registry.host)/by/podman:1",
      ]
    ).check()
    for pusher in ["docker", "podman"] {
      let file = "FROM \(registry.host)/by/\(pusher):1\nRUN cat /base /same > /both\n"
      try directory.write(file, to: "\(pusher)/Dockerfile")
      let fresh = try Slipway()
      try await fresh.build(directory(pusher), "-t", "built")
      #expect(
        try await fresh.check("run", "built", "cat", "/both").lines
          == ["of-the-base", "of-the-base"])
    }
  }

  @Test("rm forgets where layers were, and does not keep what nothing needs")
  func removes() async throws {
    _ = try await pushBase()
    let slipway = try Slipway()
    try await slipway.check("pull", "\(registry.host)/team/base:1")
    #expect(!Files.names(in: slipway.home.appending("origins")).isEmpty)
    try await slipway.check("rm", "\(registry.host)/team/base:1")
    #expect(Files.names(in: slipway.home.appending("origins")).isEmpty)
    #expect(Files.names(in: slipway.home.appending("blobs/sha256")).isEmpty)
  }

  /// An image with one layer of noise, in the registry; its name.
  private func pushNoise(megabytes: Int) async throws -> String {
    let file = directory("noise/file")
    try Files.makeDirectories(directory("noise"))
    try await Command("dd", ["if=/dev/urandom", "of=\(file)", "bs=1M", "count=\(megabytes)"])
      .check()
    try directory.write("FROM scratch\nCOPY file /\n", to: "noise/Dockerfile")
    let name = "\(registry.host)/noise:1"
    try await Slipway().build(directory("noise"), "-t", name, "--push")
    return name
  }

  @Test("a pull onto a full disk says so, leaves what was there, and works once there is room")
  func fullDisk() async throws {
    _ = try await pushBase()
    let noise = try await pushNoise(megabytes: 24)
    let disk = try directory.directory("disk")
    try await Command("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk.string]).check()
    defer { umount2(disk.string, Int32(MNT_DETACH)) }
    let slipway = try Slipway(home: disk.appending("home"))
    try await slipway.check("pull", "\(registry.host)/team/base:1")
    let failed = try await slipway.run("pull", noise)
    #expect(failed.status == .exited(1))
    #expect(failed.errorText.lowercased().contains("no space left on device"), "\(failed)")
    #expect(failed.errorText.contains("SLIPWAY_HOME"))
    #expect(try await slipway.check("images").lines.count == 2)
    #expect(
      try await slipway.check("run", "\(registry.host)/team/base:1", "cat", "/base").text
        == "of-the-base")
    try await Command("mount", ["-o", "remount,size=64m", disk.string]).check()
    try await slipway.check("pull", noise)
  }

  @Test("a pull that is killed is gone on with by the next one")
  func killed() async throws {
    let noise = try await pushNoise(megabytes: 64)
    let slipway = try Slipway()
    let pull = try slipway.command(["pull", noise]).start()
    let ingest = slipway.home.appending("ingest")
    func arrived() -> Int {
      Files.names(in: ingest).filter { $0.hasSuffix(".partial") }.reduce(0) {
        var status = stat()
        return stat(ingest.appending($1).string, &status) == 0 ? $0 + Int(status.st_size) : $0
      }
    }
    // What it prints in the end is the digest.
    while arrived() < 4 << 20, pull.outputSoFar.isEmpty {
      try await Task.sleep(nanoseconds: 1_000_000)
    }
    pull.send(signal: SIGKILL)
    let end = try await pull.result()
    // A fast machine may have been done already: then there is nothing to go on with.
    if end.status == .signalled(SIGKILL), pull.outputSoFar.isEmpty {
      #expect(arrived() > 0 || Files.names(in: slipway.home.appending("blobs/sha256")).count > 2)
    }
    try await slipway.check("pull", noise)
    #expect(Files.names(in: ingest).isEmpty)
    #expect(try await slipway.check("inspect", "--files", noise).text.contains("/file"))
  }
}
