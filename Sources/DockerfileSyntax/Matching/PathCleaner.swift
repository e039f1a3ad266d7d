/// Makes paths short by their text alone.
package enum PathCleaner {
  /// The shortest path that means the same, as Go's `path.Clean` finds it: no `.`, no `//`, no
  /// `name/..`, no `/` at the end; `.` for nothing at all.
  package static func clean(_ path: String) -> String {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    var parts: [Substring.UTF8View] = []
    for part in path.utf8.split(separator: UInt8(ascii: "/")) {
      if part.elementsEqual(".".utf8) { continue }
      let isParent = part.elementsEqual("..".utf8)
      if isParent, let last = parts.last, !last.elementsEqual("..".utf8) {
        parts.removeLast()
      } else if !(isParent && isAbsolute) {
        parts.append(part)
      }
    }
    let joined = parts.map { String(Substring($0)) }.joined(separator: "/")
    if isAbsolute { return "/" + joined }
    return joined.isEmpty ? "." : joined
  }
}
