import SystemPackage
import TestSupport
import Testing

@Suite(
  "Destinations and forms of images",
  .enabled(
    if: Requirement.builds && Requirement.tools("skopeo", "zstd"),
    "builds need root, busybox, tar and python3; this needs skopeo and zstd"))
struct DestinationTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory

  init() async throws {
    slipway = try await Slipway().withBusybox()
    directory = try TemporaryDirectory()
    try directory.write(
      """
      FROM busybox:test
      COPY text /text
      """, to: "context/Dockerfile")
    // Enough for levels to make a difference.
    let busybox = try #require(Requirement.tool("busybox"))
    try Files.write(Array(Files.read(busybox).suffix(1 << 20)), to: directory("context/text"))
  }

  private func build(_ arguments: String...) async throws {
    try await slipway.build(directory("context"), arguments: arguments)
  }

  /// The error of a build that must fail.
  private func failure(_ arguments: String...) async throws -> String {
    let result = try await slipway.command(
      ["build", "--progress", "plain"] + arguments + [directory("context").string]
    ).run()
    #expect(result.status == .exited(1) || result.status == .exited(64))
    return result.errorText
  }

  /// What skopeo finds at a place; a path into the JSON, as Python has it.
  private func find(_ path: String, in image: String, _ arguments: String...) async throws
    -> String
  {
    let raw = try await Command("skopeo", ["inspect", "--raw"] + arguments + [image]).check()
    let script = """
      import json,sys
      document = json.loads(sys.argv[1])
      print(json.dumps(\(path), sort_keys=True))
      """
    return try await Command("python3", ["-c", script, raw.text]).check().text
  }

  private static let layerTypes = "[l['mediaType'].rsplit('.', 1)[1] for l in document['layers']]"

  // MARK: - Compression

  @Test("zstd reads zstd layers, the base image's too where it is forced")
  func zstd() async throws {
    let plain = directory("plain")
    let forced = directory("forced")
    try await build("-o", "type=oci,tar=false,dest=\(plain),compression=zstd")
    try await build(
      "-o", "type=oci,tar=false,dest=\(forced),compression=zstd,force-compression=true")
    #expect(try await find(Self.layerTypes, in: "oci:\(plain)") == #"["tar", "tar+zstd"]"#)
    #expect(try await find(Self.layerTypes, in: "oci:\(forced)") == #"["tar+zstd", "tar+zstd"]"#)
    // The same files, so the same image as far as an engine is concerned.
    let configuration = "document['config']['digest']"
    #expect(
      try await find(configuration, in: "oci:\(plain)")
        == find(configuration, in: "oci:\(forced)"))
    let script = """
      set -e
      skopeo copy -q "oci:$1" "dir:$2"
      cd "$2"
      for blob in $(python3 -c 'import json; print(*[l["digest"][7:] for l in \
      json.load(open("manifest.json"))["layers"]])'); do
        zstd -q -t "$blob"
        zstd -q -d -c "$blob" | tar -t > /dev/null
      done
      """
    try await Command("sh", ["-c", script, "sh", forced.string, directory("copy").string]).check()
  }

  @Test("levels change the size and not the image")
  func levels() async throws {
    var sizes: [String: Int] = [:]
    var configurations: Set<String> = []
    for form in [
      "compression=uncompressed", "compression-level=0", "compression-level=1",
      "compression-level=12", "compression=zstd,compression-level=1",
      "compression=zstd,compression-level=22",
    ] {
      let place = directory("levels")
      try await build("-o", "type=oci,tar=false,dest=\(place),\(form)")
      let size = try await find("document['layers'][-1]['size']", in: "oci:\(place)")
      sizes[form] = Int(size)
      #expect(Int(size) ?? 0 > 0)
      configurations.insert(try await find("document['config']['digest']", in: "oci:\(place)"))
      Files.remove(place)
    }
    #expect(configurations.count == 1)
    let size = { (form: String) in sizes[form] ?? 0 }
    #expect(size("compression-level=0") > size("compression=uncompressed"))
    #expect(size("compression=uncompressed") > size("compression-level=1"))
    #expect(size("compression-level=1") > size("compression-level=12"))
    #expect(
      size("compression=zstd,compression-level=1") != size("compression=zstd,compression-level=22"))
  }

  @Test("layers that were never fetched are fetched where they are compressed anew")
  func recompressedBase() async throws {
    let registry = try FaultyRegistry()
    defer { registry.stop() }
    _ = try registry.addImage([.files(["base": "1"])], to: "base", tag: "1")
    try directory.write("FROM \(registry.host)/base:1\nENV A=1\n", to: "context/Dockerfile")
    let target = "\(registry.host)/made"
    try await build("-t", "\(target):plain", "--push")
    let reads = registry.requests(.blobReads)
    #expect(reads.count == 1, "nothing but the configuration: \(reads)")
    try await build(
      "-t", "\(target):forced", "-o", "type=registry,compression=zstd,force-compression=true")
    for (tag, types) in [
      ("plain", #"["tar+gzip"]"#), ("forced", #"["tar+zstd"]"#),
    ] {
      #expect(
        try await find(Self.layerTypes, in: "docker://\(target):\(tag)", "--tls-verify=false")
          == types)
    }
  }

  @Test("an image that is pushed by its digest has no tag")
  func pushByDigest() async throws {
    let registry = try FaultyRegistry()
    defer { registry.stop() }
    let built = try await slipway.build(
      directory("context"), "-o",
      "type=image,name=\(registry.host)/made,push=true,push-by-digest=true")
    #expect(registry.tags(in: "made").isEmpty)
    #expect(registry.descriptor(built.digest, in: "made") != nil)
    #expect(built.log.contains("pushed \(registry.host)/made@\(built.digest)"))
  }

  // MARK: - Media types

  @Test("Docker's media types are accepted by skopeo, and are all of Docker's")
  func dockerTypes() async throws {
    let place = directory("docker")
    try await build(
      "-o", "type=oci,tar=false,dest=\(place),oci-mediatypes=false,force-compression=true")
    let manifest = "[document['mediaType'], document['config']['mediaType']]"
    #expect(
      try await find(manifest, in: "oci:\(place)")
        == #"["application/vnd.docker.distribution.manifest.v2+json", "#
        + #""application/vnd.docker.container.image.v1+json"]"#)
    #expect(try await find(Self.layerTypes, in: "oci:\(place)") == #"["gzip", "gzip"]"#)
    let inspected = try await Command("skopeo", ["inspect", "oci:\(place)"]).check()
    #expect(inspected.text.contains(#""Layers""#))
    try await Command(
      "skopeo", ["copy", "-q", "oci:\(place)", "docker-archive:\(directory("copy.tar")):a:1"]
    ).check()

    let list = directory("list")
    try directory.write("FROM scratch\nCOPY text /\n", to: "context/Dockerfile")
    try await build(
      "--platform", "linux/amd64,linux/arm64", "-o",
      "type=oci,tar=false,dest=\(list),oci-mediatypes=false")
    #expect(
      try await find("document['mediaType']", in: "oci:\(list)")
        == #""application/vnd.docker.distribution.manifest.list.v2+json""#)
  }

  // MARK: - Annotations

  @Test("annotations are where they were put")
  func annotations() async throws {
    try directory.write("FROM scratch\nCOPY text /\n", to: "context/Dockerfile")
    let place = directory("annotated")
    try await build(
      "--platform", "linux/amd64,linux/arm64", "--annotation", "index,manifest:org.Both=1",
      "--annotation", "index-descriptor:top=2", "-o",
      "type=oci,tar=false,dest=\(place),annotation[linux/arm64].own=3,"
        + "annotation-manifest-descriptor.entry=4")
    let image = "oci:\(place)"
    #expect(try await find("document['annotations']", in: image) == #"{"org.Both": "1"}"#)
    #expect(
      try await find("[m['annotations'] for m in document['manifests']]", in: image)
        == #"[{"entry": "4"}, {"entry": "4"}]"#)
    let layout = try Files.text(place.appending("index.json"))
    #expect(layout.contains(#""top":"2""#))
    for (architecture, expected) in [
      ("amd64", #"{"org.Both": "1"}"#), ("arm64", #"{"org.Both": "1", "own": "3"}"#),
    ] {
      let digest = try await find(
        "[m['digest'] for m in document['manifests'] "
          + "if m['platform']['architecture'] == '\(architecture)'][0]", in: image
      ).split(separator: "\"")[0]
      let path = place.appending("blobs/sha256").appending(String(digest.dropFirst(7)))
      let script = "import json,sys; print(json.dumps(json.load(open(sys.argv[1]))['annotations']))"
      #expect(try await Command("python3", ["-c", script, path.string]).check().text == expected)
    }
  }

  @Test("one platform gives a manifest, which is no place for annotations of an index")
  func onePlatform() async throws {
    let place = directory("one")
    try await build(
      "--platform", "linux/amd64", "--annotation", "a=b", "--annotation",
      "manifest-descriptor:c=d", "-o", "type=oci,tar=false,dest=\(place)")
    #expect(
      try await find("[document['mediaType'], document['annotations']]", in: "oci:\(place)")
        == #"["application/vnd.oci.image.manifest.v1+json", {"a": "b"}]"#)
    #expect(try Files.text(place.appending("index.json")).contains(#""c":"d""#))
    #expect(
      try await failure("--annotation", "index:a=b").contains(
        "an image for one platform has no index to annotate"))
    #expect(
      try await failure("-o", "type=image,annotation[linux/arm64].a=b").contains(
        "there are annotations for `linux/arm64`, which is not built"))
  }

  // MARK: - Destinations

  @Test("several outputs get the image each in its own form and under its own names")
  func several() async throws {
    try await build(
      "-t", "tagged:1", "-o", "type=oci,dest=\(directory("a.tar")),compression=zstd", "-o",
      "type=docker,dest=\(directory("b.tar")),\"name=other:2,third\"", "-o",
      "type=image,name=kept:3", "-o", directory("files").string)
    #expect(
      try await find(Self.layerTypes, in: "oci-archive:\(directory("a.tar"))")
        == #"["tar", "tar+zstd"]"#)
    for name in ["other:2", "third:latest"] {
      let image = "docker-archive:\(directory("b.tar")):docker.io/library/\(name)"
      #expect(try await Command("skopeo", ["inspect", image]).check().text.contains("Layers"))
    }
    #expect(Files.exists(directory("files/text")))
    let listed = try await slipway.check("images").text
    #expect(listed.contains("tagged:1"))
    #expect(listed.contains("kept:3"))
    #expect(!listed.contains("other:2"))
  }

  @Test("an archive goes to standard output, and nothing else does", arguments: ["-", "type=tar"])
  func standardOutput(output: String) async throws {
    let result = try await slipway.check("build", "-o", output, directory("context").string)
    var list = Command("tar", ["-t"])
    list.input = result.output
    #expect(try await list.check().lines.contains("text"))
    #expect(
      try await failure("-q", "-o", output).contains(
        "`--quiet` prints the digest to standard output"))
  }

  @Test("the files of several platforms lie apart, together, or do not fit together")
  func platformSplit() async throws {
    try directory.write(
      """
      FROM scratch
      ARG TARGETARCH
      COPY text /both/$TARGETARCH
      """, to: "context/Dockerfile")
    let platforms = "linux/amd64,linux/arm64"
    let apart = directory("apart")
    try await build("--platform", platforms, "-o", apart.string)
    #expect(Files.names(in: apart) == ["linux_amd64", "linux_arm64"])
    let one = directory("one")
    try await build(
      "--platform", "linux/arm64", "-o", "type=local,dest=\(one),platform-split=true")
    #expect(Files.names(in: one) == ["linux_arm64"])
    let together = directory("together")
    try await build(
      "--platform", platforms, "-o", "type=local,dest=\(together),platform-split=false")
    #expect(Files.names(in: together.appending("both")) == ["amd64", "arm64"])
    let archive = directory("together.tar")
    try await build(
      "--platform", platforms, "-o", "type=tar,dest=\(archive),platform-split=false")
    let names = try await Command("tar", ["-tf", archive.string]).check().lines
    #expect(names == ["both/", "both/amd64", "both/arm64"])

    try directory.write("FROM scratch\nCOPY text /\n", to: "context/Dockerfile")
    // Equal files make equal layers, but the configurations differ, so there are two images.
    #expect(
      try await failure(
        "--platform", platforms, "-o", "type=tar,dest=\(archive),platform-split=false"
      ).contains("the images of two platforms have `text`"))
  }
}
