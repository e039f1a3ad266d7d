import Archive
import Exporters
import Glibc
import OCI
import SystemPackage

/// A folder of one test, with a store in it; gone at its end.
final class Workspace {
  let root: FilePath
  let store: ContentStore

  init() throws {
    root = FilePath("/tmp").appending(
      "slipway-exporters-" + String(UInt64.random(in: 0 ... .max), radix: 36))
    store = try ContentStore(root: root.appending("store"))
  }

  deinit {
    _ = try? Tool.run("rm", ["-rf", root.string])
  }

  subscript(_ name: String) -> FilePath { root.appending(name) }

  /// An image of the given layers in a store.
  static func addImage(
    _ layers: [[TarItem]], compression: Compression = .gzip, to store: ContentStore
  ) throws -> Descriptor {
    var configuration = ImageConfiguration(platform: .host)
    var descriptors: [Descriptor] = []
    for items in layers {
      let tar = try TarItem.tar(items)
      configuration.rootFileSystem.diffIDs.append(.sha256(of: tar))
      descriptors.append(
        try store.add(compression.apply(tar), as: compression.mediaType))
    }
    let config = try store.add(JSON.encode(configuration), as: .configuration)
    return try store.add(
      JSON.encode(Manifest(config: config, layers: descriptors)), as: .manifest)
  }

  func addImage(_ layers: [[TarItem]], compression: Compression = .gzip) throws -> Descriptor {
    try Self.addImage(layers, compression: compression, to: store)
  }

  /// All files of the store, to show that nothing was left.
  func storeFiles() throws -> [String] {
    let blobs = try Tool.run("find", [store.root.string, "-type", "f"]).output
    let index = try store.index().manifests.count
    return blobs.split(separator: "\n").map(String.init).sorted() + ["\(index) entries"]
  }

  func write(_ bytes: [UInt8], to name: String) throws -> FilePath {
    let path = self[name]
    let file = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
    try bytes.withUnsafeBytes { try file.write($0, path: path) }
    return path
  }
}

enum Compression {
  case none, gzip, zstd

  var mediaType: MediaType {
    switch self {
    case .none: .layer
    case .gzip: .layerGzip
    case .zstd: .layerZstd
    }
  }

  func apply(_ bytes: [UInt8]) throws -> [UInt8] {
    let sink = MemorySink()
    switch self {
    case .none: return bytes
    case .gzip:
      let writer = try BlockGzipWriter(sink, threads: 1)
      try bytes.withUnsafeBytes { try writer.write($0) }
      _ = try writer.finish()
    case .zstd:
      let writer = try ZstdWriter(sink)
      try bytes.withUnsafeBytes { try writer.write($0) }
      try writer.finish()
    }
    return sink.bytes
  }
}

/// A member of a tar, made by hand so that it may be wrong.
struct TarItem {
  var path: String
  var type: Character = "0"
  var contents: [UInt8] = []
  var target = ""
  var mode = 0o644

  static func file(_ path: String, _ contents: String) -> TarItem {
    TarItem(path: path, contents: Array(contents.utf8))
  }
  static func file(_ path: String, _ contents: [UInt8]) -> TarItem {
    TarItem(path: path, contents: contents)
  }
  static func directory(_ path: String, mode: Int = 0o755) -> TarItem {
    TarItem(path: path, type: "5", mode: mode)
  }
  static func symbolicLink(_ path: String, _ target: String) -> TarItem {
    TarItem(path: path, type: "2", target: target)
  }
  static func hardLink(_ path: String, _ target: String) -> TarItem {
    TarItem(path: path, type: "1", target: target)
  }

  static func tar(_ items: [TarItem]) throws -> [UInt8] {
    items.flatMap(\.blocks) + [UInt8](repeating: 0, count: 1024)
  }

  private var blocks: [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    func octal(_ value: Int, _ width: Int) -> String {
      let digits = String(value, radix: 8)
      return String(repeating: "0", count: width - digits.count) + digits
    }
    put(path, at: 0)
    put(octal(mode, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(contents.count, 11), at: 124)
    put(octal(0, 11), at: 136)
    put("        ", at: 148)
    put(String(type), at: 156)
    put(target, at: 157)
    put("ustar\u{0}00", at: 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148)
    let padding = [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
    return header + contents + padding
  }
}
