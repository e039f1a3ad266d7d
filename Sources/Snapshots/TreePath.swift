/// A path inside a tree of files: bytes, relative to the tree's root, without empty, `.` or `..`
/// components and without a slash at either end. The root itself is the empty path.
package struct TreePath: Hashable, Sendable, Comparable {
  package let bytes: [UInt8]

  /// The tree's root.
  package static let root = TreePath(canonical: [])

  /// Takes bytes that are known to be canonical.
  package init(canonical bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Cleans a path as Go's `filepath.Clean` does below `/`: `..` at the root stays at the root.
  package init(cleaning path: some Collection<UInt8>) {
    var components: [ArraySlice<UInt8>] = []
    for component in Array(path).split(separator: slash) {
      if component.elementsEqual([dot]) { continue }
      if component.elementsEqual([dot, dot]) {
        _ = components.popLast()
      } else {
        components.append(component)
      }
    }
    bytes = Array(components.joined(separator: [slash]))
  }

  package init(cleaning path: String) {
    self.init(cleaning: path.utf8)
  }

  package var isRoot: Bool { bytes.isEmpty }

  /// The names on the way from the root.
  package var components: [ArraySlice<UInt8>] { bytes.split(separator: slash) }

  /// The path without its last name; the root's parent is the root.
  package var parent: TreePath {
    guard let end = bytes.lastIndex(of: slash) else { return .root }
    return TreePath(canonical: Array(bytes[..<end]))
  }

  /// The last name; empty for the root.
  package var name: ArraySlice<UInt8> {
    guard let end = bytes.lastIndex(of: slash) else { return bytes[...] }
    return bytes[(end + 1)...]
  }

  /// The path of an entry of this directory.
  package func appending(_ name: some Collection<UInt8>) -> TreePath {
    if bytes.isEmpty { return TreePath(canonical: Array(name)) }
    var result = bytes
    result.reserveCapacity(bytes.count + 1 + name.count)
    result.append(slash)
    result.append(contentsOf: name)
    return TreePath(canonical: result)
  }

  /// The path of `other`, which is relative to this one.
  package func appending(_ other: TreePath) -> TreePath {
    other.isRoot ? self : appending(other.bytes)
  }

  /// Whether this path is `directory` or lies below it.
  package func isWithin(_ directory: TreePath) -> Bool {
    if directory.isRoot { return true }
    return bytes.starts(with: directory.bytes)
      && (bytes.count == directory.bytes.count || bytes[directory.bytes.count] == slash)
  }

  /// Byte order, with a directory's entries right behind it (`a`, `a/b`, `a.b`).
  package static func < (a: TreePath, b: TreePath) -> Bool {
    a.bytes.lazy.map(TreePath.rank).lexicographicallyPrecedes(b.bytes.lazy.map(TreePath.rank))
  }

  private static func rank(_ byte: UInt8) -> UInt8 { byte == slash ? 0 : byte }
}

extension TreePath: CustomStringConvertible {
  /// As an absolute path; bytes that are not UTF-8 are replaced.
  package var description: String { "/" + String(decoding: bytes, as: UTF8.self) }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")
