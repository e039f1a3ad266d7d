import Archive
import CLinux
import Glibc
import OCI
import Snapshots
import SystemPackage
import Testing

/// A store of layers for one test, with a folder around it; gone afterwards.
final class LayersScratch: Sendable {
  let path: FilePath
  let content: ContentStore
  let store: LayerStore
  private let isMount: Bool

  /// With `tmpfsSize` everything lies on a file system of its own of that size (`mount -o size=`).
  init(limits: LayerLimits = .standard, tmpfsSize: String? = nil) throws {
    var template = Array("/tmp/slipway-layers-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp) != nil }
    try #require(made)
    path = FilePath(
      String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    isMount = tmpfsSize != nil
    if let tmpfsSize {
      try LayersScratch.shell("mount -t tmpfs -o size=\(tmpfsSize) tmpfs \(path)")
    }
    content = try ContentStore(root: path.appending("home"))
    store = try LayerStore(
      root: path.appending("home/snapshots"), content: content, limits: limits)
  }

  deinit {
    if isMount { try? LayersScratch.shell("umount -l \(path)") }
    try? LayersScratch.shell("rm -rf \(path)")
  }

  func at(_ name: String) -> FilePath { path.appending(name) }

  /// Makes a directory below the scratch folder.
  func folder(_ name: String) throws -> FilePath {
    let path = at(name)
    try #require(mkdir(path.string, 0o755) == 0)
    return path
  }

  /// Runs a script in the scratch folder; throws where it fails.
  func shell(_ script: String) throws {
    try LayersScratch.shell("cd \(path)\n\(script)")
  }

  static func shell(_ script: String) throws {
    let arguments = ["sh", "-euc", script]
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var process: pid_t = 0
    try #require(posix_spawnp(&process, "sh", nil, nil, &pointers, environ) == 0)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 { try #require(errno == EINTR) }
    try #require(status == 0, "\(script)")
  }

  /// What is left of what was begun, apart from the layers themselves.
  func leftovers() throws -> [String] {
    try names("home/snapshots/tmp") + names("home/ingest")
  }

  func names(_ folder: String) throws -> [String] {
    let stream = try #require(opendir(at(folder).string))
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { result.append(name) }
    }
    return result.sorted()
  }

  /// Stores a tar as it is and adopts it, as a pull does.
  func adopt(tar: [UInt8], diffID: Digest? = nil, as mediaType: MediaType = .layer) throws
    -> LayerID
  {
    let descriptor = try content.add(tar, as: mediaType)
    return try store.adopt(descriptor: descriptor, diffID: diffID ?? .sha256(of: tar))
  }

  /// Makes a layer of the files, as a directory.
  func directoryLayer(_ files: [LayersFile]) throws -> LayerID {
    let pending = try store.beginDirectory()
    let sink = try pending.sink()
    for file in files { try file.add(to: sink) }
    try sink.finish()
    return try pending.commit()
  }

  /// Makes a layer of the files, as a blob.
  func blobLayer(
    _ files: [LayersFile], _ encoding: LayerEncoding = LayerEncoding()
  ) throws -> LayerID {
    let pending = try store.beginBlob(encoding: encoding)
    for file in files { try file.add(to: pending) }
    return try pending.finish()
  }

  /// The layer of `id` in another store: its blob, adopted as it would be after a pull.
  func adopted(_ id: LayerID, above lower: [LayerID]?, latestTime: Int64? = nil) throws -> LayerID {
    let blob = try store.blob(
      of: id, encoding: LayerEncoding(latestTime: latestTime), above: lower)
    return try store.adopt(descriptor: blob.descriptor, diffID: blob.diffID)
  }

  /// Runs `body` with an overlay of the layers mounted, whose changes come back as a layer.
  func overlay(_ stack: [LayerID], _ body: (FilePath) throws -> Void) throws -> LayerID {
    let lower = try store.lowerDirectories(of: stack).map(\.string).joined(separator: ":")
    let pending = try store.beginDirectory()
    let merged = try folder("merged")
    defer { rmdir(merged.string) }
    try LayersScratch.shell(
      "mount -t overlay overlay -o userxattr,lowerdir=\(lower),upperdir=\(pending.upper),"
        + "workdir=\(pending.work) \(merged)")
    // Programs that other tests start at this moment may have this one's descriptors for a while, and
    // would keep the mount busy.
    func unmount() throws { try LayersScratch.shell("umount -l \(merged)") }
    do {
      try body(merged)
    } catch {
      try unmount()
      throw error
    }
    try unmount()
    return try pending.commit()
  }
}

/// A file to put into a layer.
struct LayersFile: Hashable {
  var path: TreePath
  /// Nil for a whiteout.
  var metadata: FileMetadata?
  var contents: [UInt8] = []

  static func regular(_ path: String, _ text: String = "", mode: UInt16 = 0o644) -> LayersFile {
    let contents = Array(text.utf8)
    let metadata = FileMetadata(
      kind: .regular, permissions: mode, size: Int64(contents.count),
      modificationTime: FileTime(seconds: 1_600_000_000, nanoseconds: 5))
    return LayersFile(path: TreePath(cleaning: path), metadata: metadata, contents: contents)
  }

  static func directory(_ path: String, mode: UInt16 = 0o755) -> LayersFile {
    let metadata = FileMetadata(
      kind: .directory, permissions: mode,
      modificationTime: FileTime(seconds: 1_600_000_001, nanoseconds: 7))
    return LayersFile(path: TreePath(cleaning: path), metadata: metadata)
  }

  static func link(_ path: String, to target: String, _ kind: FileMetadata.Kind = .symbolicLink)
    -> LayersFile
  {
    let metadata = FileMetadata(kind: kind, permissions: 0o777, linkTarget: Array(target.utf8))
    return LayersFile(path: TreePath(cleaning: path), metadata: metadata)
  }

  static func whiteout(_ path: String) -> LayersFile {
    LayersFile(path: TreePath(cleaning: path), metadata: nil)
  }

  func add(to sink: any LayerSink) throws {
    guard let metadata else { return try sink.addWhiteout(path) }
    let isEmpty = metadata.kind != .regular || metadata.size == 0
    // In small pieces, as pipes and decompressors give them.
    try sink.add(
      path, metadata, contents: isEmpty ? nil : MemorySource(contents, largestRead: 100_003))
  }
}

/// All that can be seen of a tree, to be compared with another.
struct LayersView: Equatable, CustomStringConvertible {
  private(set) var lines: [String] = []

  /// `wholeSeconds` leaves out what a tar cannot say. The root is left out: a layer need not speak
  /// of it.
  init(_ tree: some FileTree, wholeSeconds: Bool = false) throws {
    var groups: [UInt64: TreePath] = [:]
    try append(entriesOf: .root, tree, wholeSeconds, &groups)
  }

  private mutating func append(
    entriesOf directory: TreePath, _ tree: some FileTree, _ wholeSeconds: Bool,
    _ groups: inout [UInt64: TreePath]
  ) throws {
    for child in try tree.children(of: directory) {
      let path = directory.appending(child.name)
      let metadata = child.node.metadata
      var line = "\(path) \(metadata.kind) \(String(metadata.permissions, radix: 8))"
      line += " \(metadata.userID):\(metadata.groupID) \(metadata.size)"
      line += " \(metadata.deviceMajor),\(metadata.deviceMinor)"
      line += " @\(metadata.modificationTime.seconds)"
      if !wholeSeconds { line += ".\(metadata.modificationTime.nanoseconds)" }
      if !metadata.linkTarget.isEmpty { line += " -> \(metadata.linkTarget)" }
      for attribute in metadata.extendedAttributes { line += " \(attribute)" }
      if metadata.kind == .regular {
        line += " \(try tree.open(path).sha256().short)"
      }
      if let identity = child.node.linkIdentity {
        line += " same as \(groups[identity] ?? path)"
        groups[identity] = groups[identity] ?? path
      }
      lines.append(line)
      if child.node.isDirectory { try append(entriesOf: path, tree, wholeSeconds, &groups) }
    }
  }

  var description: String { lines.joined(separator: "\n") }

  /// The first lines that differ, for the failure's text.
  func difference(from other: LayersView) -> String {
    let mine = Set(lines)
    let theirs = Set(other.lines)
    let extra = lines.filter { !theirs.contains($0) }.prefix(8).map { "+ \($0)" }
    let missing = other.lines.filter { !mine.contains($0) }.prefix(8).map { "- \($0)" }
    return (extra + missing).joined(separator: "\n")
  }
}

/// Numbers that are the same for a seed on every machine (SplitMix64).
struct LayersRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  /// The files of a tree with everything that is awkward, sorted, parents first.
  mutating func files(_ count: Int) -> [LayersFile] {
    var files: [TreePath: LayersFile] = [:]
    var directories = [TreePath.root]
    var regulars: [TreePath] = []
    while files.count < count {
      let parent = directories[Int.random(in: 0..<directories.count, using: &self)]
      let path = parent.appending(name())
      guard files[path] == nil, path.bytes.count < 900 else { continue }
      var file = LayersFile(path: path, metadata: metadata())
      switch file.metadata?.kind {
      case .directory: directories.append(path)
      case .regular:
        file.contents = contents()
        file.metadata?.size = Int64(file.contents.count)
        if let last = regulars.last, last < path, chance(15) {
          file.contents = []
          file.metadata = FileMetadata(
            kind: .hardLink, permissions: 0, linkTarget: last.bytes)
        } else {
          regulars.append(path)
        }
      default: break
      }
      files[path] = file
    }
    return files.values.sorted { $0.path < $1.path }
  }

  private mutating func name() -> [UInt8] {
    switch Int.random(in: 0..<12, using: &self) {
    case 0: return Array("ünïcödé \(next() % 1000)".utf8)
    case 1: return [0xff, 0xfe, UInt8.random(in: 1...9, using: &self)]
    case 2: return Array(repeating: UInt8(ascii: "l"), count: 200) + Array("\(next() % 1000)".utf8)
    case 3: return Array("-rf \n\\ \(next() % 1000)".utf8)
    case 4: return Array("a.\(next() % 100)".utf8)
    case 5: return Array("a\(next() % 100)".utf8)
    default: return Array("file\(next() % 10_000)".utf8)
    }
  }

  private mutating func contents() -> [UInt8] {
    let size = chance(5) ? Int.random(in: 0..<3 << 20, using: &self) : Int(next() % 5000)
    let byte = UInt8(truncatingIfNeeded: next())
    return chance(50)
      ? [UInt8](repeating: byte, count: size)
      : (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) &+ byte }
  }

  mutating func metadata() -> FileMetadata {
    let kinds: [FileMetadata.Kind] = [
      .regular, .regular, .regular, .regular, .directory, .directory, .symbolicLink, .fifo,
      .characterDevice, .blockDevice,
    ]
    let kind = kinds[Int.random(in: 0..<kinds.count, using: &self)]
    var metadata = FileMetadata(
      kind: kind, permissions: UInt16(next() & 0o7777),
      userID: chance(50) ? 0 : UInt32(next() % 70_000), groupID: UInt32(next() % 3) * 1000,
      modificationTime: FileTime(
        seconds: Int64(next() % 2_000_000_000) - 100_000,
        nanoseconds: Int32(next() % 1_000_000_000)))
    switch kind {
    case .symbolicLink:
      metadata.permissions = 0o777
      metadata.linkTarget = Array((chance(50) ? "../../etc/passwd" : "file\(next() % 100)").utf8)
    case .characterDevice, .blockDevice:
      metadata.deviceMajor = UInt32(next() % 200) + 1
      metadata.deviceMinor = UInt32(next() % 200)
    case .regular, .directory:
      if kind == .regular, chance(10) {
        // VFS_CAP_REVISION_2, effective: cap_net_bind_service.
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4] + [UInt8](repeating: 0, count: 14)
        metadata.extendedAttributes.append(
          ExtendedAttribute(name: Array("security.capability".utf8), value: capability))
      }
      if chance(10) {
        metadata.extendedAttributes.append(
          ExtendedAttribute(name: Array("user.note".utf8), value: [0, 255, 61, 10]))
      }
    default: break
    }
    return metadata
  }
}
