/// What to do with a path that starts with a slash.
package enum AbsolutePathPolicy: Hashable, Sendable {
  /// Read it relative to the root of the archive, as GNU tar and Docker do.
  case strip
  case refuse
}

extension TarEntry {
  /// The path in canonical form: `./a//b/` is `a/b`, and the root of the archive is empty.
  ///
  /// Throws ``ArchiveError/unsafePath(_:reason:)`` for a `..` component, a NUL byte, and, where
  /// `absolute` says so, a leading slash. Nothing is resolved: a symbolic link on the way is for the
  /// one who extracts to refuse.
  package func validatedPath(absolute: AbsolutePathPolicy = .strip) throws(ArchiveError) -> [UInt8]
  {
    try TarPath.canonical(path, absolute: absolute)
  }

  /// The target of a hard link in the same form, to compare with other entries' validated paths.
  ///
  /// Of no meaning for a symbolic link, whose target is any text.
  package func validatedHardLinkTarget(
    absolute: AbsolutePathPolicy = .strip
  ) throws(ArchiveError) -> [UInt8] {
    try TarPath.canonical(metadata.linkTarget, absolute: absolute)
  }
}

/// The rules for paths inside of archives.
enum TarPath {
  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  static func canonical(
    _ path: [UInt8], absolute: AbsolutePathPolicy
  ) throws(ArchiveError) -> [UInt8] {
    if path.contains(0) { throw .unsafePath(path, reason: .nulByte) }
    if path.first == slash, absolute == .refuse { throw .unsafePath(path, reason: .absolute) }
    if isCanonical(path) { return path }
    var result: [UInt8] = []
    result.reserveCapacity(path.count)
    for component in path.split(separator: slash) where !isDot(component) {
      if isDotDot(component) { throw .unsafePath(path, reason: .parentComponent) }
      if !result.isEmpty { result.append(slash) }
      result.append(contentsOf: component)
    }
    return result
  }

  /// Whether a path is relative, not empty, without empty, `.` and `..` components, and without NUL.
  static func isCanonical(_ path: [UInt8]) -> Bool {
    path.withUnsafeBufferPointer { bytes in
      var start = 0
      for index in 0...bytes.count {
        guard index == bytes.count || bytes[index] == slash else {
          if bytes[index] == 0 { return false }
          continue
        }
        let length = index - start
        if length == 0 { return false }
        if length == 1, bytes[start] == dot { return false }
        if length == 2, bytes[start] == dot, bytes[start + 1] == dot { return false }
        start = index + 1
      }
      return true
    }
  }

  private static func isDot(_ component: ArraySlice<UInt8>) -> Bool {
    component.count == 1 && component.first == dot
  }

  private static func isDotDot(_ component: ArraySlice<UInt8>) -> Bool {
    component.count == 2 && component.allSatisfy { $0 == dot }
  }
}
