/// The address of a git repository with what is wanted of it, as `ADD` and build contexts have it
/// (BuildKit's `dfgitutil`; docs.docker.com/build/concepts/context, "Git repositories"):
///
///     https://host/path.git#ref:subdirectory
///     https://host/path.git?branch=main&subdir=docs&commit=1a2b3c
///     git://host/path    ssh://user@host/path    user@host:path
///     github.com/owner/repository            (build contexts only)
package struct GitAddress: Hashable, Sendable {
  /// What git is given, with a scheme, or as `user@host:path`.
  package var remote: String
  /// A branch, a tag, any other ref or a commit; nil is the default branch.
  package var reference: String?
  /// A directory of the repository, as it was written.
  package var subdirectory: String?
  /// The commit that it must be, or the beginning of its name.
  package var checksum: String?
  /// Whether `.git` is kept; nil where the address does not say.
  package var keepsGitDirectory: Bool?
  /// Whether submodules are fetched; nil where the address does not say.
  package var fetchesSubmodules: Bool?
  /// How many commits of the history are fetched, 0 for all; nil where the address does not say.
  package var fetchDepth: Int?
  /// What time the files get.
  package var fileTimes = GitSource.FileTimes.checkout
  /// Whether it is `github.com/…`, which may as well be a local path.
  package var looksLocal = false

  private init(remote: String) {
    self.remote = remote
  }

  /// Reads an address; nil for what is none of a repository: an HTTP address is one only if its path
  /// ends in `.git`, or if `isKnown` says so.
  ///
  /// Throws where it is one, but what it asks for makes no sense.
  package static func parse(
    _ text: String, isKnown: Bool = false
  ) throws(GitAddressError) -> GitAddress? {
    guard let parts = split(text, isKnown: isKnown) else { return nil }
    var address = GitAddress(remote: parts.remote)
    address.looksLocal = parts.looksLocal
    if let fragment = parts.fragment {
      let words = fragment.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      address.reference = words.first.flatMap { $0.isEmpty ? nil : String($0) }
      if words.count == 2, !words[1].isEmpty { address.subdirectory = String(words[1]) }
    }
    guard let parameters = WebAddress.parameters(ofQuery: parts.query ?? "") else {
      throw GitAddressError(text, .unreadableQuery)
    }
    do {
      var query = GitQuery()
      for (name, value) in parameters { try query.add(name, value) }
      try address.apply(query)
    } catch {
      throw GitAddressError(text, error)
    }
    return address
  }

  /// Whether it is reached over SSH.
  package var usesSSH: Bool { remote.hasPrefix("ssh://") || !remote.contains("://") }

  // MARK: - The address itself

  private struct Parts {
    var remote: String
    var query: String?
    var fragment: String?
    var looksLocal = false
  }

  private static func split(_ text: String, isKnown: Bool) -> Parts? {
    if text.hasPrefix("./") || text.hasPrefix("../") { return nil }
    let looksLocal = text.hasPrefix("github.com/")
    guard looksLocal || hasScheme(text) else { return splitSecureCopy(text) }
    guard var web = WebAddress(looksLocal ? "https://" + text : text) else { return nil }
    switch web.scheme {
    case "http", "https":
      guard looksLocal || isKnown || web.decodedPath.hasSuffix(".git") else { return nil }
    case "git", "ssh": break
    default: return nil
    }
    var parts = Parts(
      remote: "", query: web.query, fragment: web.decodedFragment, looksLocal: looksLocal)
    web.query = nil
    web.fragment = nil
    parts.remote = web.text
    return parts
  }

  private static func hasScheme(_ text: String) -> Bool {
    guard let end = text.firstRange(of: "://")?.lowerBound else { return false }
    return end > text.startIndex && text[..<end].utf8.allSatisfy(\.isASCIILetterOrDigit)
  }

  /// `[user@]host:path[?query][#fragment]`.
  private static func splitSecureCopy(_ text: String) -> Parts? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    var host = text[..<colon]
    func isName(_ text: Substring, _ others: Set<UInt8>) -> Bool {
      !text.isEmpty && text.first != "-"
        && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || others.contains($0) }
    }
    // `ext::command` is a transport of git's that runs programs.
    if text[colon...].hasPrefix("::") { return nil }
    if let at = host.firstIndex(of: "@") {
      guard isName(host[..<at], [UInt8(ascii: "-"), UInt8(ascii: "_")]) else { return nil }
      host = host[host.index(after: at)...]
    } else {
      // Else it would be a URL of another scheme, such as `oci-layout://…`.
      let path = text[text.index(after: colon)...].prefix { $0 != "?" && $0 != "#" }
      guard !path.isEmpty, path.first != "/" else { return nil }
    }
    guard isName(host, [UInt8(ascii: "-"), UInt8(ascii: ".")]),
      text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { return nil }
    var rest = text[...]
    var parts = Parts(remote: "")
    if let hash = rest.firstIndex(of: "#") {
      parts.fragment = String(rest[rest.index(after: hash)...])
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: "?") {
      parts.query = String(rest[rest.index(after: mark)...])
      rest = rest[..<mark]
    }
    parts.remote = String(rest)
    return parts
  }

  // MARK: - What is asked for

  private mutating func apply(_ query: GitQuery) throws(GitAddressError.Problem) {
    try agree(on: \.subdirectory, query["subdir"], "subdir")
    try agree(on: \.reference, query["ref"], "ref")
    let tag = query["tag"].map { $0.withPrefix("refs/tags/") }
    let branch = query["branch"].map { $0.withPrefix("refs/heads/") }
    if tag != nil, branch != nil { throw .branchAndTag }
    try agree(on: \.reference, tag ?? branch, "ref")
    let commit = query["commit"]
    checksum = query["checksum"] ?? commit
    if let commit, commit != checksum {
      throw .conflict("commit", commit, checksum ?? "")
    }
    keepsGitDirectory = try query.flag("keep-git-dir")
    fetchesSubmodules = try query.flag("submodules")
    if let depth = query["fetch-depth"] {
      guard let number = Int(depth), number >= 0 else { throw .invalidValue("fetch-depth", depth) }
      fetchDepth = number
    }
    switch query["mtime"] {
    case nil, "checkout": break
    case "commit": fileTimes = .commit
    case .some(let other): throw .invalidValue("mtime", other)
    }
    if reference == nil { reference = checksum }
  }

  /// Takes a value that must not contradict what is known.
  private mutating func agree(
    on part: WritableKeyPath<GitAddress, String?>, _ value: String?, _ name: String
  ) throws(GitAddressError.Problem) {
    guard let value else { return }
    if let known = self[keyPath: part], known != value { throw .conflict(name, known, value) }
    self[keyPath: part] = value
  }
}

/// The query of a git address.
private struct GitQuery {
  private var values: [String: String] = [:]

  private static let names: Set<String> = [
    "ref", "tag", "branch", "subdir", "checksum", "commit", "keep-git-dir", "submodules", "mtime",
    "fetch-by-commit", "fetch-depth",
  ]
  private static let flags: Set<String> = ["keep-git-dir", "submodules", "fetch-by-commit"]

  mutating func add(_ name: String, _ value: String) throws(GitAddressError.Problem) {
    guard GitQuery.names.contains(name) else { throw .unknownParameter(name) }
    guard values[name] == nil else { throw .repeatedParameter(name) }
    if value.isEmpty, !GitQuery.flags.contains(name) { throw .emptyParameter(name) }
    values[name] = value
  }

  subscript(_ name: String) -> String? { values[name] }

  /// A flag; alone it is true.
  func flag(_ name: String) throws(GitAddressError.Problem) -> Bool? {
    guard let text = values[name] else { return nil }
    if text.isEmpty { return true }
    guard let value = GoBoolean.value(text) else { throw .invalidValue(name, text) }
    return value
  }
}

/// What is wrong with the address of a git repository.
package struct GitAddressError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address without a password in it.
  package let address: String
  package let problem: Problem

  package enum Problem: Error, Hashable, Sendable {
    case unreadableQuery
    case unknownParameter(String)
    case repeatedParameter(String)
    case emptyParameter(String)
    case invalidValue(String, String)
    case conflict(String, String, String)
    case branchAndTag
  }

  init(_ address: String, _ problem: Problem) {
    self.address = WebAddress(address)?.shown ?? String(address.prefix { $0 != "?" })
    self.problem = problem
  }

  package var description: String { "`\(address)`: \(words)" }

  private var words: String {
    switch problem {
    case .unreadableQuery: "its query cannot be read"
    case .unknownParameter(let name):
      "`\(name)` is nothing that can be asked of a repository; hint: `ref`, `branch`, `tag`, `commit`, "
        + "`checksum`, `subdir`, `submodules`, `keep-git-dir`, `fetch-depth` or `mtime`"
    case .repeatedParameter(let name): "`\(name)` is asked for twice"
    case .emptyParameter(let name): "`\(name)` has no value"
    case .invalidValue(let name, let value): "`\(name)` cannot be `\(value)`"
    case .conflict(let name, let first, let second):
      "\(name) conflicts: `\(first)` and `\(second)`; hint: say it once"
    case .branchAndTag: "branch conflicts with tag; hint: name one of them"
    }
  }
}

extension String {
  fileprivate func withPrefix(_ prefix: String) -> String {
    hasPrefix(prefix) ? self : prefix + self
  }
}
