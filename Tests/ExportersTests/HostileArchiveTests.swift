import Archive
import Exporters
import Glibc
import OCI
import SystemPackage
import Testing

/// Archives that must be refused, and nothing of them kept.
@Suite("Hostile archives")
struct HostileArchiveTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// A part of the error's words.
    let words: String
    let archive: @Sendable () throws -> [UInt8]

    init(
      _ name: String, _ words: String, _ archive: @escaping @Sendable () throws -> [UInt8]
    ) {
      testDescription = name
      self.words = words
      self.archive = archive
    }
  }

  /// The members of a sound archive, to be made unsound.
  static func sound(
    _ change: (inout [TarItem], inout Manifest) throws -> Void = { _, _ in },
    configuration edit: (inout ImageConfiguration) -> Void = { _ in },
    descriptor editDescriptor: (inout Descriptor) -> Void = { _ in }
  ) throws -> [UInt8] {
    let layer = try TarItem.tar([.file("a", "a")])
    var configuration = ImageConfiguration(platform: .host)
    configuration.rootFileSystem.diffIDs = [.sha256(of: layer)]
    edit(&configuration)
    let config = try JSON.encode(configuration)
    let packed = try Compression.gzip.apply(layer)
    var items: [TarItem] = [blob(packed), blob(config)]
    var manifest = Manifest(
      config: Descriptor(of: config, as: .configuration),
      layers: [Descriptor(of: packed, as: .layerGzip)])
    try change(&items, &manifest)
    let bytes = try JSON.encode(manifest)
    var descriptor = Descriptor(of: bytes, as: .manifest)
    editDescriptor(&descriptor)
    items += [
      blob(bytes), .file("index.json", try JSON.encode(ImageIndex(manifests: [descriptor]))),
      .file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#),
    ]
    return try TarItem.tar(items)
  }

  static func blob(_ bytes: [UInt8]) -> TarItem {
    .file("blobs/sha256/" + Digest.sha256(of: bytes).hex, bytes)
  }

  static let cases: [Case] = [
    Case("an absolute path", "it is absolute") {
      try sound { items, _ in items.append(.file("/etc/passwd", "x")) }
    },
    Case("a path with ..", "`..` component") {
      try sound { items, _ in items.append(.file("blobs/../../x", "x")) }
    },
    Case("a symbolic link that leads out", "leads out of the archive") {
      try sound { items, _ in items.append(.symbolicLink("x/layer.tar", "../../etc/shadow")) }
    },
    Case("an absolute symbolic link", "leads out of the archive") {
      try sound { items, _ in items.append(.symbolicLink("x", "/etc/shadow")) }
    },
    Case("a hard link that leads out", "`..` component") {
      try sound { items, _ in items.append(.hardLink("x", "../etc/shadow")) }
    },
    Case("a device", "it is a device") {
      try sound { items, _ in items.append(TarItem(path: "null", type: "3")) }
    },
    Case("a named pipe", "it is a named pipe") {
      try sound { items, _ in items.append(TarItem(path: "pipe", type: "6")) }
    },
    Case("a member twice", "it is there twice") {
      try sound { items, _ in items.append(items[0]) }
    },
    Case("a blob that is not what its name says", "its contents have the digest") {
      try sound { items, _ in items[0].contents[12] ^= 1 }
    },
    Case("a layer that is not there", "is missing") {
      try sound { items, _ in items.removeFirst() }
    },
    Case("a descriptor whose size lies", "where its descriptor says 7") {
      try sound { _, manifest in manifest.layers[0].size = 7 }
    },
    Case("a negative size", "where its descriptor says -1") {
      try sound { _, manifest in manifest.layers[0].size = -1 }
    },
    Case("an index whose descriptor lies about the size", "descriptor says 1") {
      try sound(descriptor: { $0.size = 1 })
    },
    Case("a wrong diff ID", "and the configuration says") {
      try sound(configuration: { $0.rootFileSystem.diffIDs = [.sha256(of: [])] })
    },
    Case("fewer diff IDs than layers", "has 1 layers, and its configuration has 0") {
      try sound(configuration: { $0.rootFileSystem.diffIDs = [] })
    },
    Case("a layer that is no gzip in its middle", "does not unpack") {
      try sound { items, manifest in
        var broken = items[0].contents
        broken[20] ^= 0xff
        items[0] = blob(broken)
        manifest.layers = [Descriptor(of: broken, as: .layerGzip)]
      }
    },
    Case("a layer that is cut short", "does not unpack") {
      try sound { items, manifest in
        let short = Array(items[0].contents.dropLast(9))
        items[0] = blob(short)
        manifest.layers = [Descriptor(of: short, as: .layerGzip)]
      }
    },
    Case("a manifest that says it is an index", "says that it is") {
      try sound { _, manifest in manifest.mediaType = .index }
    },
    Case("an image that is something else", "is listed as an image and is") {
      try sound(descriptor: { $0.mediaType = MediaType(rawValue: "text/x\u{1b}") })
    },
    Case("too many layers", "layers in one image") {
      try sound { _, manifest in
        manifest.layers = Array(repeating: manifest.layers[0], count: 600)
      }
    },
    Case("a name that writes to the terminal", "is refused") {
      try sound(descriptor: { $0.annotations = [Annotation.imageName: "a\u{1b}[2J"] })
    },
    Case("an archive that is cut short", "ends in the middle") {
      Array(try sound().prefix(3000))
    },
    Case("a gzip stream that is cut short", "ends in the middle") {
      Array(try Compression.gzip.apply(sound()).dropLast(5))
    },
    Case("text", "malformed") { Array(repeating: 0x41, count: 4096) },
    Case("nothing at all", "neither an OCI archive nor") { [] },
    Case("a tar of other things", "neither an OCI archive nor") {
      try TarItem.tar([.file("a", "a")])
    },
    Case("a docker archive of long ago", "before Docker 1.10") {
      try TarItem.tar([.file("repositories", "{}")])
    },
    Case("a docker archive without its layer", "which `manifest.json` speaks of") {
      try TarItem.tar([
        .file("c.json", "{}"),
        .file("manifest.json", #"[{"Config":"c.json","RepoTags":null,"Layers":["l/layer.tar"]}]"#),
      ])
    },
    Case("a docker archive with a loop of links", "too many links") {
      try TarItem.tar([
        .symbolicLink("a", "b"), .symbolicLink("b", "a"),
        .file("manifest.json", #"[{"Config":"a","RepoTags":null,"Layers":[]}]"#),
      ])
    },
    Case("a document that is too large", "at most 8388608 are read") {
      try TarItem.tar([.file("manifest.json", [UInt8](repeating: 0x20, count: 8 << 20 + 1))])
    },
    Case("JSON that is none", "is malformed") {
      try TarItem.tar([.file("manifest.json", "[{\u{1b}")])
    },
    Case("a layout of the future", "not `1.0.0`") {
      try TarItem.tar([
        .file("oci-layout", #"{"imageLayoutVersion":"2.0.0"}"#), .file("index.json", "{}"),
      ])
    },
    Case("indices in indices in indices", "lies in more than") {
      var items: [TarItem] = []
      var inner = ImageIndex()
      for _ in 0..<8 {
        let bytes = try JSON.encode(inner)
        items.append(blob(bytes))
        inner = ImageIndex(manifests: [Descriptor(of: bytes, as: .index)])
      }
      items += [
        .file("index.json", try JSON.encode(inner)),
        .file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#),
      ]
      return try TarItem.tar(items)
    },
  ]

  @Test("is refused, says why, and leaves nothing", arguments: cases)
  func refused(hostile: Case) throws {
    let work = try Workspace()
    let before = try work.addImage([[.file("mine", "mine")]])
    try work.store.tag(Reference("mine"), before)
    let path = try work.write(hostile.archive(), to: "hostile.tar")
    // The lock of imports stays; it is made by the first.
    _ = try? ImageImporter(store: work.store).load(from: .file(path))
    let files = try work.storeFiles()
    do {
      _ = try ImageImporter(store: work.store).load(from: .file(path))
      Issue.record("it was loaded")
    } catch {
      let words = "\(error)"
      #expect(words.contains(hostile.words))
      #expect(!words.contains("\u{1b}"))
    }
    #expect(try work.storeFiles() == files)
    #expect(files.filter { $0.contains("/blobs/") }.count == 3)
    #expect(files.last == "1 entries")
    #expect(!files.contains { $0.contains("/ingest/") })
  }

  @Test("the archive that the others are made from is loaded")
  func soundArchive() throws {
    let work = try Workspace()
    let path = try work.write(Self.sound(), to: "sound.tar")
    #expect(try ImageImporter(store: work.store).load(from: .file(path)).count == 1)
  }

  @Test("a decompression bomb is stopped", arguments: [true, false])
  func bomb(inLayer: Bool) throws {
    let work = try Workspace()
    var limits = ImportLimits.standard
    limits.unpackedFloor = 1 << 20
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    let bytes =
      inLayer
      ? try Self.sound { items, manifest in
        let packed = try Compression.gzip.apply(zeros)
        items.append(Self.blob(packed))
        manifest.layers = [Descriptor(of: packed, as: .layerGzip)]
      }
      : try Compression.zstd.apply(TarItem.tar([.file("zeros", zeros)]))
    let path = try work.write(bytes, to: "bomb")
    #expect {
      try ImageImporter(store: work.store, limits: limits).load(from: .file(path))
    } throws: { "\($0)".contains("unpacks to more than") }
  }

  @Test("a layout whose blob is a symbolic link is refused")
  func layoutWithSymbolicLink() throws {
    let work = try Workspace()
    let image = NamedImage(descriptor: try work.addImage([[.file("a", "a")]]))
    try ImageExporter(store: work.store).write([image], to: .layoutDirectory(work["layout"]))
    let blob = work["layout"].string + "/blobs/sha256/" + image.descriptor.digest.hex
    unlink(blob)
    symlink(work.store.path(of: image.descriptor.digest).string, blob)
    let other = try Workspace()
    #expect(throws: SystemCallError.self) {
      try ImageImporter(store: other.store).load(from: .layoutDirectory(work["layout"]))
    }
  }

  @Test("what a killed import left is removed by the next")
  func abandonedStaging() throws {
    let work = try Workspace()
    let left = work.store.root.appending("ingest/import-dead")
    try ContentStore.makeDirectories(left.appending("blobs/sha256"))
    _ = try work.write([], to: "store/ingest/import-dead.lock")
    let path = try work.write(Self.sound(), to: "sound.tar")
    _ = try ImageImporter(store: work.store).load(from: .file(path))
    #expect(access(left.string, F_OK) != 0)
    #expect(try Tool.run("ls", ["-A", work.store.root.string + "/ingest"]).output == "")
  }
}
