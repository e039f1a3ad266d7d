import Exporters
import Glibc
import OCI
import SystemPackage
import Testing

/// What others say of what is written here, and the other way round.
@Suite("Other tools")
struct OtherToolsTests {
  private static func image(in work: Workspace, named name: String) throws -> NamedImage {
    NamedImage(
      descriptor: try work.addImage(RoundTripTests.layers), names: [try Reference(name)])
  }

  @Test(
    "skopeo reads layouts, OCI archives and docker archives",
    .enabled(if: Tool.exists("skopeo"), "skopeo is not installed"))
  func skopeo() throws {
    let work = try Workspace()
    let image = try Self.image(in: work, named: "app:1")
    let exporter = ImageExporter(store: work.store)
    try exporter.write([image], to: .layoutDirectory(work["layout"]))
    try exporter.write([image], to: .layoutArchive(.file(work["oci.tar"])))
    try exporter.write([image], to: .dockerArchive(.file(work["docker.tar"])))
    for source in ["oci:\(work["layout"]):1", "oci-archive:\(work["oci.tar"])"] {
      let result = try Tool.run("skopeo", ["inspect", "--format", "{{.Digest}}", source])
      #expect(result.output == "\(image.descriptor.digest)\n")
    }
    let copy = try Tool.run(
      "skopeo",
      [
        "copy", "--insecure-policy", "docker-archive:\(work["docker.tar"]):docker.io/library/app:1",
        "oci:\(work["copied"]):1",
      ])
    #expect(copy.status == 0, "\(copy.output)")
    let to = try Workspace()
    let loaded = try ImageImporter(store: to.store).load(from: .layoutDirectory(work["copied"]))
    let own = try Image(image.descriptor, in: work.store).configuration()
    let other = try Image(try #require(loaded.first).descriptor, in: to.store).configuration()
    #expect(own.rootFileSystem == other.rootFileSystem)
    let back = try Tool.run(
      "skopeo",
      [
        "copy", "--insecure-policy", "oci:\(work["layout"]):1",
        "docker-archive:\(work["theirs.tar"]):docker.io/library/theirs:1",
      ])
    #expect(back.status == 0, "\(back.output)")
    let theirs = try ImageImporter(store: to.store).load(from: .file(work["theirs.tar"]))
    #expect(theirs.first?.names == [try Reference("theirs:1")])
  }

  @Test(
    "umoci unpacks a layout", .enabled(if: Tool.exists("umoci"), "umoci is not installed"))
  func umoci() throws {
    let work = try Workspace()
    let image = try Self.image(in: work, named: "app:1")
    try ImageExporter(store: work.store).write([image], to: .layoutDirectory(work["layout"]))
    let result = try Tool.run(
      "umoci", ["raw", "unpack", "--image", "\(work["layout"]):1", work["rootfs"].string])
    #expect(result.status == 0, "\(result.output)")
    #expect(try Tool.run("cat", [work["rootfs/etc/motd"].string]).output == "hello\n")
  }

  @Test(
    "podman loads both archives", .enabled(if: Tool.exists("podman"), "podman is not installed"))
  func podman() throws {
    let work = try Workspace()
    let image = try Self.image(in: work, named: "example.com/app:1")
    let exporter = ImageExporter(store: work.store)
    try exporter.write([image], to: .layoutArchive(.file(work["oci.tar"])))
    try exporter.write([image], to: .dockerArchive(.file(work["docker.tar"])))
    for (archive, name) in [("docker.tar", "example.com/app:1")] {
      let result = try Tool.run(
        "podman",
        [
          "--root", work["podman"].string, "--runroot", work["podman-run"].string,
          "--storage-driver", "vfs", "load", "-i", work[archive].string,
        ])
      #expect(result.output.contains("Loaded image: \(name)"), "\(result.output)")
    }
  }

  /// Loads and saves with a Docker engine of the test's own.
  @Test(
    "a Docker engine loads the docker archive, and what it saves is loaded",
    .enabled(
      if: Tool.exists("dockerd") && Tool.exists("docker") && geteuid() == 0,
      "dockerd is not installed, or this is not root"))
  func docker() throws {
    let work = try Workspace()
    let image = try Self.image(in: work, named: "app:1")
    try ImageExporter(store: work.store).write([image], to: .dockerArchive(.file(work["in.tar"])))
    let script = """
      cd "$0" || exit 9
      dockerd --iptables=false --bridge=none --storage-driver=vfs --data-root "$0/data" \
        --exec-root "$0/exec" -H "unix://$0/docker.sock" -p "$0/pid" > "$0/log" 2>&1 &
      engine=$!
      trap 'kill $engine; wait $engine' EXIT
      tries=0
      until docker -H "unix://$0/docker.sock" version > /dev/null 2>&1; do
        kill -0 $engine 2>/dev/null || { echo "no engine"; tail -3 "$0/log"; exit 7; }
        tries=$((tries + 1)); [ $tries -lt 400 ] || { echo "no engine"; exit 7; }
      done
      docker -H "unix://$0/docker.sock" load -i in.tar && \
        docker -H "unix://$0/docker.sock" save -o out.tar app:1
      """
    let path = try work.write(Array(script.utf8), to: "engine.sh")
    let result = try Tool.run("sh", ["-c", ". \(path)", work.root.string])
    if result.output.contains("no engine") {
      // An engine that cannot run in this sandbox says nothing about the archive.
      return withKnownIssue("the engine does not start: \(result.output)") {
        Issue.record("no engine")
      }
    }
    #expect(result.output.contains("Loaded image: app:1"), "\(result.output)")
    let to = try Workspace()
    let loaded = try ImageImporter(store: to.store).load(from: .file(work["out.tar"]))
    #expect(loaded.first?.names == image.names)
    let own = try Image(image.descriptor, in: work.store).configuration()
    let other = try Image(try #require(loaded.first).descriptor, in: to.store).configuration()
    #expect(own.rootFileSystem == other.rootFileSystem)
  }

  @Test(
    "a full disk is said, and nothing is left of the import",
    .enabled(if: geteuid() == 0, "only root can mount a file system to fill"))
  func fullDisk() throws {
    let work = try Workspace()
    let noise = (0..<(3 << 20)).map { _ in UInt8.random(in: 0...255) }
    let image = NamedImage(descriptor: try work.addImage([[.file("noise", noise)]]))
    try ImageExporter(store: work.store).write([image], to: .layoutArchive(.file(work["tar"])))
    try ContentStore.makeDirectories(work["small"])
    let mounted = try Tool.run(
      "mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", work["small"].string])
    try #require(mounted.status == 0, "\(mounted.output)")
    defer { _ = try? Tool.run("umount", [work["small"].string]) }
    let store = try ContentStore(root: work["small/store"])
    #expect {
      try ImageImporter(store: store).load(from: .file(work["tar"]))
    } throws: { ($0 as? SystemCallError)?.code == .noSpace }
    #expect(try Tool.run("find", [work["small/store/blobs"].string, "-type", "f"]).output == "")
    #expect(try Tool.run("ls", ["-A", work["small/store/ingest"].string]).output == "")
    #expect {
      try ImageExporter(store: work.store).write(
        [image], to: .dockerArchive(.file(work["small/out.tar"])))
    } throws: { ($0 as? SystemCallError)?.code == .noSpace }
    #expect(try Tool.run("ls", ["-A", work["small"].string]).output == "store\n")
  }
}
