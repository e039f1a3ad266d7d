import CLinux
import Glibc
import OCI
import SystemPackage

/// A name in an open directory: where a file is, or will be.
struct Place: ~Copyable {
  let parent: OwnedDescriptor
  /// With its NUL.
  let name: [CChar]
  /// The whole path, for people.
  let description: String

  /// Opens the parent of `path`, which is canonical and not empty, without following any symbolic
  /// link. Throws `SystemCallError`.
  init(of path: [UInt8], below root: borrowing OwnedDescriptor, named rootPath: FilePath) throws {
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let parentPath = slash.map { Array(path[..<$0]) } ?? [UInt8(ascii: ".")]
    name = path[(slash.map { $0 + 1 } ?? 0)...].map { CChar(bitPattern: $0) } + [0]
    description = rootPath.string + "/" + printable(path)
    let directory = root.rawValue
    let descriptor = withCString(parentPath) {
      slipway_open_beneath(directory, $0, slipway_o_path | O_DIRECTORY, 0)
    }
    if descriptor < 0 {
      throw SystemCallError("open", rootPath.string + "/" + printable(parentPath))
    }
    parent = OwnedDescriptor(adopting: descriptor)
  }

  /// The error of the call that just failed.
  func error(_ call: String) -> SystemCallError {
    SystemCallError(call, description)
  }

  /// Calls with the parent and the name.
  func check(_ call: String, _ body: (Int32, UnsafePointer<CChar>) -> Int32) throws {
    if body(parent.rawValue, name) != 0 { throw error(call) }
  }

  func open(_ flags: Int32) throws -> OwnedDescriptor {
    let descriptor = slipway_openat(parent.rawValue, name, flags, 0)
    if descriptor < 0 { throw error("open") }
    return OwnedDescriptor(adopting: descriptor)
  }

  /// Makes sure that a directory is here; one that was there stays as it is.
  func makeDirectory() throws {
    if try fileType() == S_IFDIR { return }
    try clear()
    // Its final mode comes when everything is in it.
    try check("make") { mkdirat($0, $1, 0o700) }
  }

  /// Removes whatever is here.
  func clear() throws {
    guard let type = try fileType() else { return }
    if type == S_IFDIR { return try clearDirectory() }
    try check("remove") { unlinkat($0, $1, 0) }
  }

  /// Removes a directory with all that is in it; anything else stays.
  func clearDirectory() throws {
    guard try fileType() == S_IFDIR else { return }
    try DirectoryRemoval.remove(name, in: parent, path: description)
  }

  /// nil where nothing is.
  private func fileType() throws -> mode_t? {
    var status = stat()
    if fstatat(parent.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
      return status.st_mode & S_IFMT
    }
    if errno == ENOENT { return nil }
    throw error("read")
  }
}
