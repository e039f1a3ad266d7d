package import OCI
internal import Transport

/// Why something could not be fetched.
package enum RemoteSourceError: Error, Sendable, CustomStringConvertible {
  /// The build was started without a way to other machines.
  case noAccess(String)
  case refused(String, status: Int, host: String)
  case unreachable(String, String)
  case wrongDigest(String, expected: Digest, actual: Digest)
  case tooLarge(String, limit: Int64)
  case truncated(String, expected: Int64, actual: Int64)
  case notEncoded(String, String)
  /// What was uploaded is gone.
  case uploadLost
  /// Its files are wanted before anybody has found out what it is.
  case notResolved(String)
  case noGit
  case gitFailed(String, activity: String, output: String)
  case invalidReference(String)
  case noReference(String, reference: String)
  case ambiguousCommit(String, prefix: String, count: Int)
  case noDefaultBranch(String)
  case wrongCommit(String, expected: String, actual: [String])
  case falseTag(String, String, claimed: String, actual: String)
  case referenceMoved(String, String)
  case noSubdirectory(String, String)
  case noAgent(String)

  package var description: String {
    switch self {
    case .noAccess(let place): "`\(place)` cannot be fetched in this build"
    case .refused(let place, let status, let host):
      "fetching `\(place)`: \(HTTPStatus.words(status))" + RemoteSourceError.hint(status, host)
    case .unreachable(let place, let words):
      "fetching `\(place)`: \(words)"
        + (words.contains("hint: ")
          ? ""
          : "; hint: check the address and the network; an `ADD` with `--checksum` needs neither once "
            + "it is in the cache")
    case .wrongDigest(let place, let expected, let actual):
      "digest mismatch for `\(place)`: it is \(actual), and `--checksum` wants \(expected); "
        + "hint: if the new content is right, change the checksum"
    case .tooLarge(let place, let limit):
      "`\(place)` is larger than \(limit) bytes, which is as much as is fetched"
    case .truncated(let place, let expected, let actual):
      "`\(place)` broke off after \(actual) of \(expected) bytes"
    case .notEncoded(let place, let words): "`\(place)` cannot be decompressed: \(words)"
    case .uploadLost: "the files that came on standard input are not in the store any more"
    case .notResolved(let place): "nobody has asked yet what `\(place)` is"
    case .noGit:
      "there is no `git` program, which fetches repositories; hint: install it, such as with "
        + "`apt-get install git`"
    case .gitFailed(let place, let activity, let output):
      "\(activity) `\(place)` failed: \(output)"
        + RemoteSourceError.hint(ofGit: output, about: place)
    case .invalidReference(let text):
      "`\(text)` is no name of a branch, a tag or a commit; hint: it is `main`, `v1.2`, "
        + "`refs/pull/1/head` or the whole name of a commit"
    case .noReference(let place, let reference):
      "repository does not contain ref `\(reference)`: `\(place)`; "
        + "hint: `git ls-remote \(place)` lists what there is"
    case .ambiguousCommit(let place, let prefix, let count):
      "\(count) commits of `\(place)` begin with `\(prefix)`; hint: give more digits"
    case .noDefaultBranch(let place):
      "could not find default branch for repository `\(place)`; hint: name one: `\(place)#main`"
    case .wrongCommit(let place, let expected, let actual):
      "expected checksum to match `\(expected)`, got "
        + actual.map { "`\($0)`" }.joined(separator: " or ") + ": `\(place)`; "
        + "hint: if the new commit is right, change the checksum"
    case .falseTag(let place, let name, let claimed, let actual):
      "the server of `\(place)` says that `\(name)` is commit `\(claimed)`, but it is `\(actual)`; "
        + "hint: a server that lies about its tags is not to be trusted"
    case .referenceMoved(let place, let reference):
      "`\(reference)` of `\(place)` changed while it was fetched; hint: build again"
    case .noSubdirectory(let place, let path):
      "there is no directory `\(path)` in `\(place)`"
    case .noAgent(let place):
      "`\(place)` is fetched over SSH, for which no agent was given; hint: pass `--ssh default`"
    }
  }

  private static func hint(_ status: Int, _ host: String) -> String {
    switch status {
    case 401, 403:
      "; hint: a secret `HTTP_AUTH_TOKEN_\(host)` or `HTTP_AUTH_HEADER_\(host)` is sent along"
    case 404, 410: "; hint: check the address"
    default: ""
    }
  }

  /// What to do about git's words. Only they are looked at, not the addresses among them: a port
  /// such as 40157 reads like a status.
  private static func hint(ofGit output: String, about place: String) -> String {
    let words = output.replacing(place, with: "").split(separator: " ")
      .filter { !$0.contains("://") }
      .joined(separator: " ")
    let status = words.firstMatch(of: /returned error: (\d{3})/).flatMap { Int($0.1) }
    let wantsUser =
      status == 401 || status == 403
      || ["could not read Username", "Authentication failed"].contains(where: words.contains)
    if wantsUser {
      return "; hint: check the address; for a private repository pass a secret `GIT_AUTH_TOKEN`"
    }
    if status.map((300..<400).contains) == true || words.contains("redirect") {
      return "; hint: a redirect is not followed with credentials; give the address it leads to"
    }
    if words.contains("not allowed") {
      return "; hint: repositories are fetched over https, http, git and ssh only"
    }
    return ""
  }
}
