import Archive
import Glibc
package import SystemPackage

extension HostSystem {
  /// Looks at this machine.
  ///
  /// - Parameters:
  ///   - path: the value of `PATH`, where the toolchains are looked for.
  ///   - home: the caller's home, which is masked wherever it lies; only a toolchain in it is shown.
  ///   - state: Slipway's home, masked likewise.
  ///   - root: another root than `/`, for tests; all paths are then inside it.
  package static func discover(
    path: String, home: FilePath?, state: FilePath?, machine root: FilePath = "/"
  ) throws -> HostSystem {
    var discovery = try HostDiscovery(root: root, home: home, state: state)
    try discovery.addSystemDirectories()
    try discovery.addConfiguration()
    discovery.addSkeleton()
    try discovery.addMasks()
    try discovery.addToolchains(searching: path)
    // Once more, for what lies in a toolchain's directory.
    try discovery.addMasks()
    discovery.addDirectoriesInBetween()
    return try discovery.finish()
  }
}

/// Puts a `HostSystem` together, step by step.
private struct HostDiscovery {
  /// What `/etc` shows: how to link, to resolve names of services, to trust servers; no accounts, no
  /// keys, nothing of this machine's network.
  private static let configuration = [
    "alternatives", "ca-certificates", "ca-certificates.conf", "debian_version", "gitconfig",
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf", "os-release",
    "pki/ca-trust/extracted", "pki/tls/certs", "protocols", "redhat-release", "services",
    "ssl/certs", "ssl/openssl.cnf",
  ]

  private static let standardPath = [
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
  ]

  private let root: FilePath
  private let machine: DirectoryTree
  private let home: TreePath?
  private let state: TreePath?
  private var binds: [TreePath: HostSystem.Bind] = [:]
  private var skeleton: [TreePath: HostSystem.SkeletonEntry] = [:]
  private var masks: Set<TreePath> = []
  private var toolchains: [HostToolchain] = []

  init(root: FilePath, home: FilePath?, state: FilePath?) throws {
    self.root = root
    machine = try DirectoryTree(root)
    self.home = try home.flatMap { [machine] in try machine.resolve(TreePath($0)) }
    self.state = try state.flatMap { [machine] in try machine.resolve(TreePath($0)) }
  }

  /// `/usr`, and what older systems keep beside it: links into `/usr` stay links.
  mutating func addSystemDirectories() throws {
    for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt"] {
      try show(TreePath(cleaning: name))
    }
  }

  mutating func addConfiguration() throws {
    for name in HostDiscovery.configuration { try show(TreePath(cleaning: "etc/\(name)")) }
  }

  mutating func addSkeleton() {
    for (name, permissions) in [
      ("", 0o755), ("dev", 0o755), ("etc", 0o755), ("home", 0o755), ("proc", 0o555),
      ("root", 0o700), ("run", 0o755), ("sys", 0o555), ("tmp", 0o1777), ("var", 0o755),
      ("var/tmp", 0o1777),
    ] as [(String, UInt16)] {
      addMadeUp(TreePath(cleaning: name), .init(kind: .directory, permissions: permissions))
    }
    addFile(
      "etc/passwd",
      """
      root:x:0:0:root:/root:/bin/sh
      nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

      """)
    addFile(
      "etc/group",
      """
      root:x:0:
      nogroup:x:65534:

      """)
  }

  /// The caller's home, everyone's home and Slipway's state, where they lie in a directory that is
  /// shown. Accounts of the system have homes such as `/usr/sbin`, which hold nothing of theirs.
  mutating func addMasks() throws {
    for path in try [home, state].compactMap({ $0 }) + peoplesHomes() where isShown(path) {
      masks.insert(path)
    }
  }

  private func peoplesHomes() throws -> [TreePath] {
    let passwd = try machine.readFile(TreePath(cleaning: "etc/passwd"), limit: 16 << 20) ?? []
    return try passwd.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard fields.count > 5, let user = UInt32(String(decoding: fields[2], as: UTF8.self)),
        user == 0 || (user >= 1000 && user != 65534)
      else { return nil }
      let home = try machine.resolve(TreePath(cleaning: fields[5]))
      return home.flatMap { isPartOfTheSystem($0) ? nil : $0 }
    }
  }

  /// Whether a directory is one of those that make up a system, so that it cannot be a person's.
  private func isPartOfTheSystem(_ path: TreePath) -> Bool {
    let parts = ["usr/bin", "usr/sbin", "usr/lib", "usr/local/bin", "usr/share", "usr/include"]
    return path.isRoot || parts.contains { TreePath(cleaning: $0).isWithin(path) }
  }

  /// Shows the directory that each toolchain is installed in, unless it is shown already.
  mutating func addToolchains(searching path: String) throws {
    let finder = HostToolchainFinder(machine: machine, home: home)
    toolchains = try finder.toolchains(searching: path)
    for toolchain in toolchains where !isShown(toolchain.prefix) { bind(toolchain.prefix) }
  }

  /// Directories that lead to a bind and that no bind holds.
  mutating func addDirectoriesInBetween() {
    for path in Array(binds.keys) + Array(skeleton.keys) {
      var directory = path.parent
      while !directory.isRoot {
        let isThere = skeleton[directory] != nil || binds[directory] != nil || isShown(directory)
        if !isThere && !masks.contains(directory) {
          addMadeUp(directory, .init(kind: .directory, permissions: 0o755))
        }
        directory = directory.parent
      }
    }
  }

  func finish() throws -> HostSystem {
    let binds = binds.values.sorted { $0.target < $1.target }
    let identity = try HostIdentity(machine: machine, masks: masks).digest(
      of: binds.map(\.target), toolchains: toolchains.map(\.prefix))
    return HostSystem(
      root: root, binds: binds, skeleton: skeleton.values.sorted { $0.path < $1.path },
      masks: masks.sorted(), environment: try environment(), identity: identity)
  }

  /// The standard path, with the programs of toolchains that it would not find in front.
  private func environment() throws -> [HostSystem.Variable] {
    var directories: [String] = []
    for toolchain in toolchains {
      let found = try HostDiscovery.standardPath.lazy.compactMap { [machine] in
        try machine.resolve(TreePath(cleaning: "\($0)/\(toolchain.command)"))
      }.first
      let directory = toolchain.programs.description
      if found != toolchain.program && !directories.contains(directory) {
        directories.append(directory)
      }
    }
    let value = (directories + HostDiscovery.standardPath).joined(separator: ":")
    return [HostSystem.Variable(name: "PATH", value: value)]
  }

  /// Shows a file of the machine at its own place, a symbolic link as a link.
  private mutating func show(_ path: TreePath) throws {
    guard let parent = try machine.resolve(path.parent), let node = try machine.node(at: path)
    else {
      return
    }
    // A link on the way to the file would have to be shown too; nothing that is wanted needs it.
    guard parent == path.parent else { return }
    switch node.metadata.kind {
    case .directory, .regular: bind(path)
    case .symbolicLink:
      addMadeUp(
        path,
        .init(kind: .symbolicLink, permissions: 0o777, linkTarget: node.metadata.linkTarget))
    default: break
    }
  }

  private mutating func bind(_ path: TreePath) {
    let source = FilePath(platformBytes: TreePath(root).appending(path))
    binds[path] = HostSystem.Bind(source: source, target: path)
  }

  private mutating func addFile(_ path: String, _ text: String) {
    let contents = Array(text.utf8)
    addMadeUp(
      TreePath(cleaning: path),
      .init(kind: .regular, permissions: 0o644, size: Int64(contents.count)), contents)
  }

  private mutating func addMadeUp(
    _ path: TreePath, _ metadata: FileMetadata, _ contents: [UInt8] = []
  ) {
    skeleton[path] = HostSystem.SkeletonEntry(path: path, metadata: metadata, contents: contents)
  }

  /// Whether a file of the machine can be seen: the deepest of binds and masks above it is a bind.
  private func isShown(_ path: TreePath) -> Bool {
    var path = path
    while true {
      if masks.contains(path) { return false }
      if binds[path] != nil { return true }
      if path.isRoot { return false }
      path = path.parent
    }
  }
}

extension FilePath {
  /// The absolute path of the machine that a path below `/` stands for, byte for byte.
  init(platformBytes path: TreePath) {
    let bytes = ([UInt8(ascii: "/")] + path.bytes + [0]).map { CChar(bitPattern: $0) }
    self = bytes.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { FilePath(platformString: $0) } ?? "/"
    }
  }
}
