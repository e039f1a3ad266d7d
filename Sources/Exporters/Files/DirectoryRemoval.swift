import CLinux
import Glibc
import OCI
import SystemPackage

/// Removes directories without following symbolic links.
enum DirectoryRemoval {
  /// Removes a directory of `parent` and all below it. Throws `SystemCallError`.
  static func remove(
    _ name: [CChar], in parent: borrowing OwnedDescriptor, path: String
  ) throws {
    let descriptor = slipway_openat(
      parent.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
    if descriptor < 0 { throw SystemCallError("open", path) }
    let directory = OwnedDescriptor(adopting: descriptor)
    for child in try DirectoryListing.names(in: directory, path: path) {
      let childPath = path + "/" + printable(child)
      let childName = child.map { CChar(bitPattern: $0) } + [0]
      if unlinkat(directory.rawValue, childName, 0) == 0 { continue }
      guard errno == EISDIR || errno == EPERM else { throw SystemCallError("remove", childPath) }
      try remove(childName, in: directory, path: childPath)
    }
    if unlinkat(parent.rawValue, name, AT_REMOVEDIR) != 0 { throw SystemCallError("remove", path) }
  }

  /// The same by path; nothing happens where there is nothing.
  static func remove(_ path: FilePath) throws {
    guard let name = path.lastComponent, access(path.string, F_OK) == 0 else { return }
    let parent = try OwnedDescriptor(
      opening: path.removingLastComponent(), slipway_o_path | O_DIRECTORY)
    try remove(Array(name.string.utf8CString), in: parent, path: path.string)
  }
}
