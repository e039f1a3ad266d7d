import Archive
import CLinux
import Glibc
import Snapshots
import SystemPackage
import Testing

/// A directory for one test, gone afterwards.
final class TreesScratch: Sendable {
  let path: FilePath

  /// `parent` chooses the file system.
  init(in parent: String = "/tmp") throws {
    var template = Array("\(parent)/slipway-trees-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp) != nil }
    try #require(made)
    path = FilePath(
      String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  deinit {
    try? run("rm", "-rf", path.string)
  }

  func at(_ name: String) -> String { name.isEmpty ? path.string : "\(path)/\(name)" }

  /// Writes a file, making its directories.
  func write(_ name: String, _ text: String = "", mode: mode_t = 0o644) throws {
    try directory(TreePath(cleaning: name).parent)
    let file = slipway_openat(AT_FDCWD, at(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
    try #require(file >= 0)
    defer { close(file) }
    let bytes = Array(text.utf8)
    try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
  }

  func directory(_ path: TreePath) throws {
    guard !path.isRoot else { return }
    try directory(path.parent)
    let made = mkdir(at(String(decoding: path.bytes, as: UTF8.self)), 0o755)
    try #require(made == 0 || errno == EEXIST)
  }

  func directory(_ name: String) throws { try directory(TreePath(cleaning: name)) }

  func link(_ name: String, to target: String) throws {
    try directory(TreePath(cleaning: name).parent)
    try #require(symlink(target, at(name)) == 0)
  }

  func attribute(_ name: String, _ attribute: String, _ value: String) throws {
    try #require(lsetxattr(at(name), attribute, value, value.utf8.count, 0) == 0)
  }

  func setTimes(_ name: String, seconds: Int, nanoseconds: Int = 0) throws {
    let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    try #require(utimensat(AT_FDCWD, at(name), [time, time], AT_SYMLINK_NOFOLLOW) == 0)
  }

  func stamp(_ name: String) throws -> FileStamp {
    let tree = try DirectoryTree(path)
    return try #require(try tree.node(at: TreePath(cleaning: name))?.stamp)
  }
}

struct ProgramFailed: Error {
  var arguments: [String]
}

/// Runs a program of the system; throws where it fails.
func run(_ arguments: String...) throws {
  var process: pid_t = 0
  var pointers = arguments.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  guard posix_spawnp(&process, arguments.first ?? "", nil, nil, &pointers, environ) == 0 else {
    throw ProgramFailed(arguments: arguments)
  }
  var status: Int32 = 0
  guard waitpid(process, &status, 0) == process, status == 0 else {
    throw ProgramFailed(arguments: arguments)
  }
}

/// All files below the root as text: the path, with `/` behind directories and ` -> ` before links.
func listing(_ tree: some FileTree) throws -> [String] {
  var result: [String] = []
  try tree.walk { path, node in
    if path.isRoot { return .into }
    var line = String(path.description.dropFirst())
    if node.isDirectory { line += "/" }
    if node.metadata.kind == .symbolicLink {
      line += " -> " + String(decoding: node.metadata.linkTarget, as: UTF8.self)
    }
    result.append(line)
    return .into
  }
  return result
}

func text(_ tree: some FileTree, _ path: String) throws -> String {
  String(decoding: try tree.open(TreePath(cleaning: path)).readAll(limit: 1 << 20), as: UTF8.self)
}

let isRoot = geteuid() == 0
