import Archive
internal import CLinux
import Glibc
import OCI

/// The digest that tells one machine's system from another's.
///
/// What a package manager installed is told by its database. The rest that is shown is told by names,
/// sizes and times of files: reading a toolchain's gigabytes would cost more than most builds.
struct HostIdentity {
  let machine: DirectoryTree
  /// What is in these is not shown, and so does not count.
  let masks: Set<TreePath>

  /// At most so many files of one directory are looked at, those of the upper levels first.
  private static let mostFiles = 20_000

  /// `binds` is what is shown, `toolchains` where the toolchains are.
  func digest(of binds: [TreePath], toolchains: [TreePath]) throws -> Digest {
    var encoding = FramedBytes()
    encoding.add("slipway host 1")
    encoding.add(HostIdentity.architecture)
    encoding.add(try machine.readFile(TreePath(cleaning: "etc/os-release"), limit: 1 << 20) ?? [])
    let hasPackages = try addPackages(to: &encoding)
    for path in installedBesidePackages(binds, toolchains, hasPackages: hasPackages) {
      encoding.add(path.bytes)
      try addFingerprint(of: path, to: &encoding)
    }
    return .sha256(of: encoding.bytes)
  }

  private static var architecture: String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: &name.machine) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Adds the state of every package database there is; false where there is none.
  private func addPackages(to encoding: inout FramedBytes) throws -> Bool {
    var isFound = false
    for path in ["var/lib/dpkg/status", "lib/apk/db/installed", "usr/lib/apk/db/installed"] {
      guard let text = try machine.readFile(TreePath(cleaning: path), limit: 256 << 20) else {
        continue
      }
      encoding.add(path)
      encoding.add(Digest.sha256(of: text).bytes)
      isFound = true
    }
    // Databases that are too large to read each time, or many files.
    for path in ["var/lib/rpm", "usr/lib/sysimage/rpm", "var/lib/pacman/local"] {
      guard let resolved = try machine.resolve(TreePath(cleaning: path)) else { continue }
      encoding.add(path)
      let children = try machine.children(of: resolved)
      for child in children where !HostIdentity.changesByReading(child.name) {
        add(child, to: &encoding)
      }
      isFound = isFound || !children.isEmpty
    }
    return isFound
  }

  /// Files of a database that change when somebody looks at it.
  private static func changesByReading(_ name: [UInt8]) -> Bool {
    let name = String(decoding: name, as: UTF8.self)
    return name.hasPrefix("__db") || name.hasPrefix(".") || name.hasSuffix("-shm")
      || name.hasSuffix("-wal")
  }

  /// The directories whose files no package database vouches for.
  private func installedBesidePackages(
    _ binds: [TreePath], _ toolchains: [TreePath], hasPackages: Bool
  ) -> [TreePath] {
    let system = Set(
      ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"].map { TreePath(cleaning: $0) })
    let beside = binds.filter { !system.contains($0) || !hasPackages }
    let local = TreePath(cleaning: "usr/local")
    let alone = toolchains.filter { prefix in
      !system.contains(prefix) && !(beside + [local]).contains { prefix.isWithin($0) }
    }
    return Set(beside + [local] + alone).sorted()
  }

  /// Adds what is below a path, level by level, so that a cap cuts off the depths.
  private func addFingerprint(of path: TreePath, to encoding: inout FramedBytes) throws {
    guard !masks.contains(path), let node = try machine.node(at: path) else { return }
    add(TreeChild(name: [], node: node), to: &encoding)
    var directories = node.isDirectory ? [path] : []
    var rest = HostIdentity.mostFiles
    while !directories.isEmpty {
      var deeper: [TreePath] = []
      for directory in directories where rest > 0 {
        let children = try unlessForbidden { try machine.children(of: directory) } ?? []
        encoding.add(directory.bytes)
        for child in children { add(child, to: &encoding) }
        rest -= children.count
        let subdirectories = children.lazy.filter(\.node.isDirectory)
        deeper += subdirectories.map { directory.appending($0.name) }.filter { !masks.contains($0) }
      }
      directories = deeper
    }
  }

  private func add(_ child: TreeChild, to encoding: inout FramedBytes) {
    let metadata = child.node.metadata
    encoding.add(child.name)
    encoding.bytes.append(metadata.kind.rawValue)
    encoding.bytes.append(number: metadata.permissions)
    encoding.add(metadata.linkTarget)
    // The time of a directory changes with files that come and go; their names are here anyway.
    guard metadata.kind == .regular else { return }
    encoding.bytes.append(number: metadata.size)
    encoding.bytes.append(number: metadata.modificationTime.seconds)
    encoding.bytes.append(number: metadata.modificationTime.nanoseconds)
  }
}

/// Parts with their lengths in front.
private struct FramedBytes {
  var bytes: [UInt8] = []

  mutating func add(_ part: some Collection<UInt8>) {
    bytes.append(number: UInt64(part.count))
    bytes.append(contentsOf: part)
  }

  mutating func add(_ text: String) { add(text.utf8) }
}
