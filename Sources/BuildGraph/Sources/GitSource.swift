/// The files of a commit: owned by root, with mode 0755 or 0644.
package struct GitSource: Hashable, Sendable {
  /// As git has it; see `GitAddress.remote`.
  package var remote: String
  /// A branch, a tag, any other ref or a commit; nil is the default branch.
  package var reference: String?
  /// The whole name of the commit or annotated tag, where somebody has asked for it already.
  package var commit: String?
  /// The commit of an annotated tag, as the server says, which is believed only until the tag is here;
  /// nil for commits, and where nobody has asked.
  package var taggedCommit: String?
  /// The commit that it must be, or the beginning of its name.
  package var checksum: String?
  /// Whose entries become the root; nil is the whole tree.
  package var subdirectory: String?
  package var keepsGitDirectory: Bool
  package var fetchesSubmodules: Bool
  /// How many commits of the history are fetched; 0 for all.
  package var fetchDepth: Int
  package var fileTimes: FileTimes

  /// What time the files get.
  package enum FileTimes: String, Hashable, Sendable {
    /// When they are checked out.
    case checkout
    /// When the commit was made.
    case commit
  }

  package init(_ address: GitAddress) {
    remote = address.remote
    reference = address.reference
    checksum = address.checksum
    subdirectory = address.subdirectory
    keepsGitDirectory = address.keepsGitDirectory ?? false
    fetchesSubmodules = address.fetchesSubmodules ?? true
    fetchDepth = address.fetchDepth ?? 1
    fileTimes = address.fileTimes
  }

  /// The remote without user and password, for people and for `.git/config`.
  package var shown: String {
    guard var web = WebAddress(remote) else { return remote }
    web.userInformation = nil
    return web.text
  }

  package var usesSSH: Bool { remote.hasPrefix("ssh://") || !remote.contains("://") }

  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("kind", "git")
    encoder.add("remote", remote)
    encoder.add("reference", reference)
    encoder.add("commit", commit)
    encoder.add("taggedCommit", taggedCommit)
    encoder.add("checksum", checksum)
    encoder.add("subdirectory", subdirectory)
    encoder.add("keepsGitDirectory", keepsGitDirectory)
    encoder.add("fetchesSubmodules", fetchesSubmodules)
    encoder.add("fetchDepth", fetchDepth)
    encoder.add("fileTimes", fileTimes.rawValue)
  }
}
