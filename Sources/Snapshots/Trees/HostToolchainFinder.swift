import Archive
import OCI
import SystemPackage

/// The result of `body`, or nil where the user may not look: what they cannot enter is not there for
/// them, as for a shell that goes through `PATH`.
func unlessForbidden<Result>(_ body: () throws -> Result?) throws -> Result? {
  do {
    return try body()
  } catch let error as SystemCallError where error.code == .permissionDenied {
    return nil
  }
}

/// A compiler's installation.
struct HostToolchain: Hashable {
  /// The name it was looked for under, such as `swift`.
  var command: String
  /// The executable that the name leads to.
  var program: TreePath
  /// The directory that holds all of the toolchain.
  var prefix: TreePath
  /// Where its programs are.
  var programs: TreePath { program.parent }
}

/// Finds out where `PATH`'s toolchains are installed.
struct HostToolchainFinder {
  let machine: DirectoryTree
  let home: TreePath?

  /// The commands, with a file that every installation of them has below its prefix.
  private static let commands: [(name: String, marks: [String])] = [
    ("swift", ["lib/swift"]),
    ("swiftc", ["lib/swift"]),
    ("go", ["pkg/tool", "src/runtime", "src"]),
  ]

  /// The toolchains, one for each place.
  func toolchains(searching path: String) throws -> [HostToolchain] {
    var found: [HostToolchain] = []
    for (command, marks) in HostToolchainFinder.commands {
      for directory in path.split(separator: ":") where directory.hasPrefix("/") {
        let candidate = TreePath(cleaning: String(directory)).appending(command.utf8)
        guard
          let toolchain = try unlessForbidden({
            try self.toolchain(command, candidate, marks)
          })
        else { continue }
        if !found.contains(where: { $0.programs == toolchain.programs }) { found.append(toolchain) }
        break
      }
    }
    return found
  }

  /// The toolchain that a command belongs to; nil where it is none, or a script that starts one.
  private func toolchain(
    _ command: String, _ path: TreePath, _ marks: [String]
  ) throws -> HostToolchain? {
    guard var program = try machine.resolve(path) else { return nil }
    if program.name.elementsEqual("swiftly".utf8) {
      guard let chosen = try chosenBySwiftly(command, at: path) else { return nil }
      program = chosen
    }
    let prefix = program.parent.parent
    guard program.parent.name.elementsEqual("bin".utf8), !isTooMuch(prefix),
      try marks.contains(where: {
        try machine.resolve(prefix.appending(TreePath(cleaning: $0))) != nil
      }),
      try isExecutable(program)
    else { return nil }
    return HostToolchain(command: command, program: program, prefix: prefix)
  }

  /// swiftly puts itself in the place of each command, and notes in `config.json` beside `bin` which
  /// toolchain is in use.
  private func chosenBySwiftly(_ command: String, at path: TreePath) throws -> TreePath? {
    let base = path.parent.parent
    let file = base.appending("config.json".utf8)
    guard let bytes = try machine.readFile(file, limit: 1 << 20),
      let version = HostToolchainFinder.valueInUse(bytes)
    else { return nil }
    let place = TreePath(cleaning: "toolchains/\(version)/usr/bin/\(command)")
    return try machine.resolve(base.appending(place))
  }

  /// The string behind the key `inUse`; a version never has a character that JSON would escape.
  static func valueInUse(_ json: [UInt8]) -> String? {
    let parts = String(decoding: json, as: UTF8.self).split(
      separator: "\"", omittingEmptySubsequences: false)
    guard let key = parts.firstIndex(of: "inUse"), key + 2 < parts.count,
      parts[key + 1].allSatisfy({ $0 == ":" || $0.isWhitespace })
    else { return nil }
    let version = String(parts[key + 2])
    return version.isEmpty || version.contains("/") || version == ".." ? nil : version
  }

  /// A prefix that would show a home, all homes or the whole machine.
  private func isTooMuch(_ prefix: TreePath) -> Bool {
    if prefix.isRoot
      || ["root", "home", "var"].contains(where: { prefix == TreePath(cleaning: $0) })
    {
      return true
    }
    if prefix.parent == TreePath(cleaning: "home") { return true }
    return home.map { $0.isWithin(prefix) } ?? false
  }

  /// Whether a file starts as ELF does; a script would lead to a toolchain that lies elsewhere.
  private func isExecutable(_ path: TreePath) throws -> Bool {
    guard let node = try machine.node(at: path), node.metadata.kind == .regular else {
      return false
    }
    let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
    let source = try machine.open(path)
    return try withUnsafeTemporaryAllocation(byteCount: magic.count, alignment: 1) { buffer in
      try source.readFully(into: buffer) == magic.count && buffer.elementsEqual(magic)
    }
  }
}
