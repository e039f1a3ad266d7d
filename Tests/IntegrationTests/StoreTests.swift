import SystemPackage
import TestSupport
import Testing

@Suite(
  "The store and what other tools make of it",
  .enabled(if: Requirement.builds, "builds need root, busybox, tar and python3"))
struct StoreTests {
  private let slipway: Slipway
  private let directory: TemporaryDirectory
  private let digest: String

  init() async throws {
    slipway = try await Slipway().withBusybox()
    directory = try TemporaryDirectory()
    try directory.write(
      """
      FROM busybox:test
      RUN mkdir -p /app/dir && echo text > /app/text && ln -s text /app/link \
          && ln /app/text /app/same && chown 5:6 /app/dir && chmod 1777 /app/dir && rm /etc/group
      COPY --chown=7:8 Dockerfile /app/
      ENV A=1
      USER app
      ENTRYPOINT ["/bin/sh", "-c"]
      CMD ["id"]
      """, to: "context/Dockerfile")
    digest = try await slipway.build(directory("context"), "-t", "made:1").digest
  }

  @Test("lists, inspects, tags and removes images")
  func store() async throws {
    #expect(try await slipway.check("images").lines.count == 3)
    try await slipway.check("tag", "made:1", "example.com/other/name:2")
    #expect(try await slipway.check("images").text.contains("example.com/other/name:2"))
    #expect(
      try await slipway.check("inspect", String(digest.dropFirst(7).prefix(12))).text.contains(
        digest))
    try await slipway.check("rm", "made:1")
    #expect(try await slipway.run("inspect", "made:1").status == .exited(1))
    try await slipway.check("run", "example.com/other/name:2")
    try await slipway.check("rm", "example.com/other/name:2")
    let gone = try await slipway.run("run", "example.com/other/name:2")
    #expect(gone.status == .exited(125))
    #expect(gone.errorText.contains("slipway images"))
    #expect(try await slipway.build(directory("context"), "-t", "made:1").digest == digest)
  }

  @Test(
    "skopeo reads the store in place", .enabled(if: Requirement.tools("skopeo"), "needs skopeo"))
  func inPlace() async throws {
    let result = try await Command("skopeo", ["inspect", "oci:\(slipway.home):made:1"]).check()
    #expect(result.text.contains(digest))
    #expect(result.text.contains(#""Architecture""#))
  }

  @Test(
    "skopeo copies the store's image and finds every digest right",
    .enabled(if: Requirement.tools("skopeo"), "needs skopeo"))
  func skopeoCopies() async throws {
    let copy = directory("copy")
    try await Command(
      "skopeo", ["copy", "-q", "--preserve-digests", "oci:\(slipway.home):made:1", "oci:\(copy):x"]
    ).check()
    let other = try Slipway()
    try await other.check("load", "-i", copy.string)
    #expect(try await other.check("images", "-q").text == digest)
  }

  @Test(
    "umoci unpacks the files that are listed",
    .enabled(if: Requirement.tools("umoci"), "needs umoci"))
  func umoci() async throws {
    let bundle = directory("bundle")
    try await Command("umoci", ["unpack", "--image", "\(slipway.home):made:1", bundle.string])
      .check()
    let listed = try await slipway.files(of: "made:1", withoutBusybox: false)
    let script = """
      cd "$1" && find . -mindepth 1 -printf '%y %#m %U:%G /%P\\n' | sed 's/ 0\\([0-7]\\{4\\}\\) / \\1 /' | sort -k 4
      """
    let unpacked = try await Command("sh", ["-c", script, "sh", bundle.appending("rootfs").string])
      .check().lines
    func short(_ line: String) -> String {
      let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      let kind = parts[0] == "h" ? "f" : parts[0]
      return
        "\(kind) \(String(repeating: "0", count: max(0, 4 - parts[1].count)))\(parts[1]) \(parts[2]) \(parts[parts.count > 5 ? 5 : 3])"
    }
    #expect(Set(unpacked.map(short)) == Set(listed.map(short)))
  }

  @Test(
    "archives that are saved are loaded again, digest and all",
    arguments: ["docker-archive", "oci-archive", "oci"])
  func roundTrip(format: String) async throws {
    let saved = directory("saved-\(format)")
    try await slipway.check("save", "--format", format, "-o", saved.string, "made:1")
    let other = try Slipway()
    let loaded = try await other.check("load", "-i", saved.string)
    #expect(loaded.text == "loaded made:1")
    #expect(try await other.files(of: "made:1") == slipway.files(of: "made:1"))
    #expect(try await other.configuration(of: "made:1") == slipway.configuration(of: "made:1"))
    if format != "docker-archive" {
      #expect(try await other.check("images", "-q").text == digest)
    }
    let again = directory("again-\(format)")
    if format != "oci" {
      try await other.check("save", "--format", format, "-o", again.string, "made:1")
      #expect(try Files.read(saved) == Files.read(again))
    }
  }

  @Test("save writes to standard output, load reads standard input")
  func streams() async throws {
    let archive = try await slipway.check("save", "made:1")
    let other = try Slipway()
    var load = other.command(["load"])
    load.input = archive.output
    #expect(try await load.check().text == "loaded made:1")
  }

  @Test(
    "`-o` writes what it says",
    arguments: ["type=oci", "type=docker", "type=tar", "type=local", "type=oci,tar=false"])
  func outputs(kind: String) async throws {
    let output = directory("output")
    try await slipway.build(
      directory("context"), "-t", "made:1", "-o", "\(kind),dest=\(output)")
    switch kind {
    case "type=tar":
      let names = try await Command("tar", ["-tvf", output.string]).check().text
      #expect(names.contains("app/same"))
      #expect(!names.contains("etc/group"))
      #expect(!names.contains(".wh."))
    case "type=local":
      #expect(try Files.text(output.appending("app/same")) == "text\n")
      #expect(!Files.exists(output.appending("etc/group")))
    default:
      let other = try Slipway()
      try await other.check("load", "-i", output.string)
      #expect(try await other.files(of: "made:1") == slipway.files(of: "made:1"))
    }
  }

  @Test(
    "podman loads what is saved, and what it saves is loaded",
    .enabled(if: Requirement.tools("podman"), "needs podman"))
  func podman() async throws {
    let saved = directory("saved.tar")
    try await slipway.check("save", "-o", saved.string, "made:1")
    let podman = [
      "--root", directory("podman").string, "--runroot", directory("podman-run").string,
      "--storage-driver", "vfs",
    ]
    try await Command("podman", podman + ["load", "-q", "-i", saved.string]).check()
    for format in ["docker-archive", "oci-archive"] {
      let back = directory("podman-\(format).tar")
      try await Command(
        "podman",
        podman + ["save", "-q", "--format", format, "-o", back.string, "docker.io/library/made:1"]
      ).check()
      let other = try Slipway()
      try await other.check("load", "-i", back.string)
      #expect(try await other.files(of: "made:1") == slipway.files(of: "made:1"))
    }
  }

  @Test(
    "a Docker engine loads what is saved, runs on it, and what it saves is loaded",
    .enabled(if: Requirement.docker, "needs a Docker engine"))
  func docker() async throws {
    let engine = try await DockerEngine.shared.get()
    let saved = directory("saved.tar")
    try await slipway.check("save", "-o", saved.string, "made:1")
    let loaded = try await engine.check("load", "-i", saved.string)
    #expect(loaded.text.contains("made:1"))
    let back = directory("back.tar")
    try await engine.check("save", "-o", back.string, "made:1")
    let other = try Slipway()
    try await other.check("load", "-i", back.string)
    #expect(try await other.files(of: "made:1") == slipway.files(of: "made:1"))
    #expect(
      try await other.check("run", "made:1").text == slipway.check("run", "made:1").text)
  }

  @Test("an archive that was tampered with is refused and nothing of it is kept")
  func tampered() async throws {
    let saved = directory("saved.tar")
    try await slipway.check("save", "--format", "oci-archive", "-o", saved.string, "made:1")
    var bytes = try Files.read(saved)
    let target = Array("buildkit.dockerfile.v0".utf8)
    let at = try #require(bytes.firstRange(of: target)).lowerBound
    bytes[at] = UInt8(ascii: "B")
    try Files.write(bytes, to: saved)
    let other = try Slipway()
    let result = try await other.run("load", "-i", saved.string)
    #expect(result.status == .exited(1))
    #expect(result.errorText.contains("sha256:"))
    #expect(try await other.check("images").lines.count == 1)
  }
}
