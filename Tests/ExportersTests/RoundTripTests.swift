import Archive
import Exporters
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("Saving and loading")
struct RoundTripTests {
  static let layers: [[TarItem]] = [
    [.directory("etc"), .file("etc/motd", "hello\n"), .symbolicLink("motd", "etc/motd")],
    [.file("bin", "program"), .hardLink("again", "bin")],
  ]

  enum Form: CaseIterable {
    case layout, ociArchive, dockerArchive

    func destination(_ path: FilePath) -> ExportDestination {
      switch self {
      case .layout: .layoutDirectory(path)
      case .ociArchive: .layoutArchive(.file(path))
      case .dockerArchive: .dockerArchive(.file(path))
      }
    }
  }

  @Test("load∘save keeps digests and names", arguments: Form.allCases)
  func roundTrip(form: Form) throws {
    let from = try Workspace()
    let to = try Workspace()
    let image = NamedImage(
      descriptor: try from.addImage(Self.layers),
      names: [try Reference("app:1"), try Reference("example.com/team/app:2")])
    let other = NamedImage(
      descriptor: try from.addImage([Self.layers[0]], compression: .zstd),
      names: [try Reference("other:1")])
    try ImageExporter(store: from.store).write(
      [image, other], to: form.destination(from["saved"]))
    let loaded = try ImageImporter(store: to.store).load(from: .file(from["saved"]))
    #expect(Set(loaded) == [image, other])
    for name in image.names {
      #expect(try to.store.resolve(name)?.digest == image.descriptor.digest)
    }
    let manifest = try Image(image.descriptor, in: to.store).manifest()
    for blob in manifest.layers + [manifest.config] { #expect(to.store.contains(blob)) }
  }

  @Test("the same images make the same archive", arguments: [Form.ociArchive, .dockerArchive])
  func deterministic(form: Form) throws {
    let work = try Workspace()
    let image = NamedImage(
      descriptor: try work.addImage(Self.layers), names: [try Reference("app")])
    for name in ["a", "b"] {
      try ImageExporter(store: work.store).write([image], to: form.destination(work[name]))
    }
    #expect(try Tool.run("cmp", [work["a"].string, work["b"].string]).status == 0)
  }

  @Test("a compressed archive is loaded", arguments: [Compression.gzip, .zstd])
  func compressedArchive(compression: Compression) throws {
    let work = try Workspace()
    let to = try Workspace()
    let image = NamedImage(descriptor: try work.addImage(Self.layers), names: [])
    try ImageExporter(store: work.store).write([image], to: .layoutArchive(.file(work["tar"])))
    let source = FileDescriptorSource(open(work["tar"].string, O_RDONLY))
    let bytes = try compression.apply(source.readAll(limit: 1 << 20))
    let packed = try work.write(bytes, to: "packed")
    #expect(try ImageImporter(store: to.store).load(from: .file(packed)) == [image])
  }

  @Test("a second image joins a layout, and takes over a name")
  func mergesLayouts() throws {
    let work = try Workspace()
    let name = try Reference("app:1")
    let first = try work.addImage([Self.layers[0]])
    let second = try work.addImage([Self.layers[1]])
    let exporter = ImageExporter(store: work.store)
    try exporter.write(
      [NamedImage(descriptor: first, names: [name, try Reference("old:1")])],
      to: .layoutDirectory(work["layout"]))
    try exporter.write(
      [NamedImage(descriptor: second, names: [name])], to: .layoutDirectory(work["layout"]))
    let layout = try ContentStore(root: work["layout"])
    #expect(try layout.resolve(name)?.digest == second.digest)
    #expect(try layout.resolve(try Reference("old:1"))?.digest == first.digest)
  }

  @Test("a directory that is something else is refused and stays as it is")
  func refusesOtherDirectories() throws {
    let work = try Workspace()
    try ContentStore.makeDirectories(work["other"])
    _ = try work.write([1], to: "other/file")
    let image = NamedImage(descriptor: try work.addImage(Self.layers))
    #expect(throws: ExportError.notALayout(work["other"])) {
      try ImageExporter(store: work.store).write([image], to: .layoutDirectory(work["other"]))
    }
    #expect(try Tool.run("ls", ["-A", work["other"].string]).output == "file\n")
  }

  @Test("an image with a missing layer is not written at all")
  func missingLayer() throws {
    let work = try Workspace()
    let descriptor = try work.addImage(Self.layers)
    let layer = try Image(descriptor, in: work.store).manifest().layers[0].digest
    work.store.remove(layer)
    #expect(throws: ExportError.missingBlob(layer, of: descriptor.digest)) {
      try ImageExporter(store: work.store).write(
        [NamedImage(descriptor: descriptor)], to: .layoutArchive(.file(work["out"])))
    }
    #expect(access(work["out"].string, F_OK) != 0)
  }

  @Test("a build context takes one image of a layout and no tag")
  func buildContext() throws {
    let work = try Workspace()
    let to = try Workspace()
    let first = try work.addImage([Self.layers[0]])
    let second = try work.addImage([Self.layers[1]])
    try ImageExporter(store: work.store).write(
      [
        NamedImage(descriptor: first, names: [try Reference("a:one")]),
        NamedImage(descriptor: second, names: [try Reference("b:two")]),
      ], to: .layoutDirectory(work["layout"]))
    let importer = ImageImporter(store: to.store)
    func take(_ name: String?) throws -> Digest {
      try importer.importImage(fromLayout: work["layout"], name: name, platform: .host)
        .descriptor.digest
    }
    #expect(try take("two") == second.digest)
    #expect(!to.store.contains(first))
    #expect(try take("a:one") == first.digest)
    #expect(try take(second.digest.description) == second.digest)
    #expect(try to.store.index().manifests.isEmpty)
    #expect(
      throws: ImportError.ambiguous(offered: [
        "docker.io/library/a:one", "docker.io/library/b:two",
      ])
    ) { try take(nil) }
    #expect(throws: ImportError.self) { try take("three") }
  }

  @Test("a docker archive of the old form, with a shared layer as a link, is loaded")
  func classicDockerArchive() throws {
    let work = try Workspace()
    let layer = try TarItem.tar(Self.layers[0])
    var configuration = ImageConfiguration(platform: .host)
    configuration.rootFileSystem.diffIDs = [.sha256(of: layer), .sha256(of: layer)]
    let config = try JSON.encode(configuration)
    let name = Digest.sha256(of: config).hex + ".json"
    let manifest =
      #"[{"Config":"\#(name)","RepoTags":["app:1"],"Layers":["one/layer.tar","two/layer.tar"]}]"#
    let archive = try TarItem.tar([
      .directory("one/"), .file("one/layer.tar", layer), .file("one/VERSION", "1.0"),
      .directory("two/"), .symbolicLink("two/layer.tar", "../one/layer.tar"),
      .file(name, config), .file("manifest.json", manifest),
    ])
    let images = try ImageImporter(store: work.store)
      .load(from: .file(work.write(archive, to: "docker.tar")))
    let image = try #require(images.first)
    #expect(image.names == [try Reference("app:1")])
    let stored = try Image(image.descriptor, in: work.store).manifest()
    #expect(stored.layers.map(\.digest) == configuration.rootFileSystem.diffIDs)
    #expect(stored.layers.map(\.mediaType) == [.layer, .layer])
    // manifest.json and VERSION were staged, and are not kept: layer, configuration, manifest.
    let blobs = try Tool.run("ls", [work.store.root.string + "/blobs/sha256"]).output
    #expect(blobs.split(separator: "\n").count == 3)
  }
}
