import SystemPackage
import TestSupport
import Testing

@Suite(
  "slipway init",
  .enabled(
    if: Requirement.docker && Requirement.go, "needs a Docker engine and Debian's golang-1.19"))
struct InitTests {
  @Test("what it writes is built by a Docker engine to the same files and configuration")
  func docker() async throws {
    let directory = try TemporaryDirectory()
    let proxy = GoProxy(at: directory("proxy"))
    try await Programs.writeGoServer(to: directory, under: "context", proxy: proxy)
    try await Programs.go(["mod", "vendor"], in: directory("context"), proxy: proxy, directory)
    let slipway = try Slipway()
    let written = try await slipway.check(
      "init", "--build-arg", "GO_VERSION=1.19", directory("context").string)
    #expect(written.errorText.contains("Dockerfile"))
    let again = try await slipway.run("init", directory("context").string)
    #expect(again.status == .exited(1))
    #expect(again.errorText.contains("--force"))

    // The toolchain's image: the stand-in, with what Debian's has and busybox lacks.
    let image = try await BusyboxImage.golang("1.19.8")
    try directory.write(
      """
      FROM golang:1.19.8-alpine
      RUN apk add ca-certificates
      COPY readelf /usr/bin/readelf
      RUN chmod 755 /usr/bin/readelf
      """, to: "golang.dockerfile")
    // `readelf -lW` is asked for nothing but INTERP.
    try directory.write("#!/bin/sh\ngrep -c /ld-linux \"$2\" || true\n", to: "readelf")
    let engine = try await DockerEngine.shared.get()
    try await engine.check("load", "-q", "-i", image.string)
    try await slipway.check("load", "-i", image.string)
    let tag = "golang:1.19-bookworm"
    try await engine.check(
      "build", "-q", "--network=host", "-t", tag, "-f", directory("golang.dockerfile").string,
      directory.path.string)
    try await slipway.build(
      directory.path, "-f", directory("golang.dockerfile").string, "-t", tag)

    let arguments = ["-t", "server", "--build-arg", "GO_VERSION=1.19", "."]
    // This engine's own frontend is older than `RUN --network`, which it can do without here.
    let text = try Files.text(directory("context/Dockerfile"))
    try directory.write(
      text.replacing("--network=none ", with: ""), to: "context/docker.dockerfile")
    var docker = engine.command(
      ["build", "-q", "--network=host", "-f", "docker.dockerfile"] + arguments)
    docker.directory = directory("context")
    try await docker.check()
    try await slipway.command(
      ["build", "--progress", "plain"] + arguments, in: directory("context")
    )
    .check()

    let saved = directory("saved.tar")
    try await engine.check("save", "-o", saved.string, "server:latest")
    let other = try Slipway()
    try await other.check("load", "-i", saved.string)
    #expect(
      try await other.files(of: "server:latest", withoutBusybox: false)
        == slipway.files(of: "server:latest", withoutBusybox: false))
    let expected = """
      {"config": {"User": "65534:65534", "ExposedPorts": {"8080/tcp": {}},
        "Entrypoint": ["/app/server"]}}
      """
    for store in [other, slipway] {
      let configuration = try await store.configuration(of: "server:latest")
      #expect(try JSONSubset.differences(expected, configuration) == [])
    }
    #expect(try await HTTPServer.answer(slipway, "server", path: "/x") == "hello from /x")
  }
}
