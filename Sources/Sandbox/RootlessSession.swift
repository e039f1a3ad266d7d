internal import CLinux
import Glibc
package import SystemPackage

/// Work without root: one user namespace for the whole process, in which the user is root and owns a
/// range of further ids (user_namespaces(7), newuidmap(1), subuid(5)).
///
/// Everything after that is as it is for root: overlays, owners, and the digests that come of them.
package enum RootlessSession {
  /// Enters the namespace. Must be called while the process has one thread.
  ///
  /// Throws `RootlessError` where this machine does not let the user; nothing has changed then, unless
  /// the map itself was refused.
  package static func enter() throws(RootlessError) {
    let user = try UserName.current()
    let users = try SubordinateRange(of: user, in: "/etc/subuid")
    let groups = try SubordinateRange(of: user, in: "/etc/subgid")
    let mappers = [
      try Mapper(tool: "newuidmap", own: getuid(), range: users),
      try Mapper(tool: "newgidmap", own: getgid(), range: groups),
    ]
    guard slipway_unshare_user() == 0 else {
      let code = Errno(rawValue: errno)
      for mapper in mappers { mapper.cancel() }
      throw .namespacesRefused(code)
    }
    for mapper in mappers { try mapper.map() }
    guard setgid(0) == 0, setuid(0) == 0 else {
      throw .namespacesRefused(Errno(rawValue: errno))
    }
  }
}

/// Why a user cannot work without root here.
package enum RootlessError: Error, Hashable, CustomStringConvertible {
  case unknownUser(UInt32)
  /// The user has no line in the file.
  case noRange(user: String, file: String)
  case toolMissing(String)
  case toolFailed(String)
  case namespacesRefused(Errno)

  package var description: String {
    switch self {
    case .unknownUser(let id): "user \(id) is not in /etc/passwd"
    case .noRange(let user, let file):
      "`\(user)` has no range of ids in `\(file)`; hint: "
        + "`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(user)`"
    case .toolMissing(let tool):
      "`\(tool)` is missing; hint: install it (Debian's package is `uidmap`)"
    case .toolFailed(let tool): "`\(tool)` refused to map the user's range of ids"
    case .namespacesRefused(let code):
      "the machine refuses user namespaces: \(code.description.lowercased()); "
        + "hint: `sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000`"
    }
  }
}

/// A line of subuid(5): ids that a user may give to processes of their own.
struct SubordinateRange: Hashable {
  let start: UInt32
  let count: UInt32

  init(of user: UserName, in file: String) throws(RootlessError) {
    guard let range = SubordinateRange.find(user, in: lines(of: file)) else {
      throw .noRange(user: user.name, file: file)
    }
    self = range
  }

  private init(start: UInt32, count: UInt32) {
    self.start = start
    self.count = count
  }

  /// The first line of the user that holds the ids of `nobody` (65534) too; else the longest.
  static func find(_ user: UserName, in lines: [Substring]) -> SubordinateRange? {
    let ranges = lines.compactMap { line -> SubordinateRange? in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count == 3, fields[0] == user.name || fields[0] == String(user.id),
        let start = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0
      else { return nil }
      return SubordinateRange(start: start, count: count)
    }
    return ranges.first { $0.count >= 65535 } ?? ranges.max { $0.count < $1.count }
  }
}

/// Who calls, by number and by name.
struct UserName: Hashable {
  let id: UInt32
  let name: String

  static func current() throws(RootlessError) -> UserName {
    let id = getuid()
    for line in lines(of: "/etc/passwd") {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      if fields.count > 2, UInt32(fields[2]) == id {
        return UserName(id: id, name: String(fields[0]))
      }
    }
    throw .unknownUser(id)
  }
}

/// newuidmap or newgidmap, waiting outside of the namespace until there is one.
private struct Mapper {
  let tool: String
  private let child: pid_t
  private let go: Int32

  init(tool: String, own: UInt32, range: SubordinateRange) throws(RootlessError) {
    self.tool = tool
    let path = ["/usr/bin/", "/bin/", "/usr/local/bin/", "/sbin/"].map { $0 + tool }
      .first { access($0, X_OK) == 0 }
    guard let path else { throw .toolMissing(tool) }
    let words = [path, String(getpid()), "0", String(own), "1", "1", String(range.start)]
    var arguments = (words + [String(range.count)]).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .toolFailed(tool) }
    child = slipway_spawn_waiting(&ends, &arguments)
    close(ends[0])
    go = ends[1]
    guard child > 0 else { throw .toolFailed(tool) }
  }

  func map() throws(RootlessError) {
    var word: UInt8 = 1
    _ = write(go, &word, 1)
    close(go)
    var status: Int32 = 0
    guard waitpid(child, &status, 0) == child, status == 0 else { throw .toolFailed(tool) }
  }

  /// The child ends when the pipe does.
  func cancel() {
    close(go)
    waitpid(child, nil, 0)
  }
}

/// The lines of a small file of the system; none where it cannot be read.
private func lines(of path: String) -> [Substring] {
  guard let file = fopen(path, "re") else { return [] }
  defer { fclose(file) }
  var text = ""
  var buffer = [CChar](repeating: 0, count: 4096)
  while fgets(&buffer, Int32(buffer.count), file) != nil, text.utf8.count < 1 << 20 {
    text += String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  return text.split(separator: "\n")
}
