/// What a repository says that it has (`git ls-remote --symref`): names and what they stand for.
struct GitListing: Hashable, Sendable {
  /// The objects of refs; of annotated tags, what they stand for is under `<name>^{}`.
  private(set) var objects: [String: String] = [:]
  /// Where symbolic refs lead, such as `HEAD` to `refs/heads/main`.
  private(set) var symbolic: [String: String] = [:]

  init(parsing output: [UInt8]) {
    for line in String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      if parts[0].hasPrefix("ref: ") {
        symbolic[parts[1]] = String(parts[0].dropFirst(5))
      } else if GitReference.isCommit(parts[0]) {
        objects[parts[1]] = parts[0]
      }
    }
  }

  /// What is to be fetched.
  struct Target: Hashable, Sendable {
    /// A commit, or an annotated tag.
    var object: String
    /// The commit of an annotated tag, of which nothing but the server's word is known; nil for commits.
    var tagged: String?
    /// The whole name of the ref that was found; nil for commits that nobody has named.
    var name: String?

    /// All names that a checksum may mean.
    var names: [String] { [object] + (tagged.map { [$0] } ?? []) }
  }

  /// The default branch.
  var head: Target? {
    guard let object = objects["HEAD"] else { return nil }
    // Git hands the name on as the server wrote it; it becomes part of a refspec.
    return Target(
      object: object, name: symbolic["HEAD"].flatMap { GitReference.isName($0) ? $0 : nil })
  }

  /// What a name stands for: a whole name or one below `refs/` first, then branches, then tags.
  func target(of name: String) -> Target? {
    for prefix in ["refs/", "refs/heads/", "refs/tags/"] {
      let whole = name.hasPrefix(prefix) ? name : prefix + name
      guard let object = objects[whole] else { continue }
      return Target(object: object, tagged: objects[whole + "^{}"], name: whole)
    }
    return nil
  }

  /// The objects whose names begin so, each once.
  func targets(beginningWith prefix: String) -> [Target] {
    let objects = Set(objects.values.filter { $0.hasPrefix(prefix) })
    return objects.sorted().map { Target(object: $0) }
  }
}
