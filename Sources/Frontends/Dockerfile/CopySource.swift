package import BuildGraph
import DockerfileSyntax
import OCI
import Reporting

/// Where a `COPY` or `ADD` takes files from, once its words are expanded.
enum CopySource: Hashable, Sendable {
  /// Paths of the context, or of what `--from` names; several that follow each other.
  case local([String])
  case http(HTTPSource)
  case git(GitSource)

  /// What the words of an instruction mean, in their order; what the flags ask for is in it.
  static func sources(
    _ words: [String], of instruction: InstructionName, checksum: String?,
    keepsGitDirectory: Bool?
  ) throws(RemoteSourceProblem) -> [CopySource] {
    if checksum != nil, words.count != 1 { throw .checksumOfSeveral }
    var sources: [CopySource] = []
    for word in words {
      let source = try source(
        word, of: instruction, checksum: checksum, keepsGitDirectory: keepsGitDirectory)
      if case .local(let path) = source, case .local(let paths) = sources.last {
        sources[sources.count - 1] = .local(paths + path)
      } else {
        sources.append(source)
      }
    }
    return sources
  }

  private static func source(
    _ word: String, of instruction: InstructionName, checksum: String?, keepsGitDirectory: Bool?
  ) throws(RemoteSourceProblem) -> CopySource {
    let address: GitAddress?
    do {
      // `--keep-git-dir` says that an address is a repository's, whatever it ends in.
      address = try GitAddress.parse(word, isKnown: keepsGitDirectory != nil)
    } catch {
      throw .gitAddress(error)
    }
    // `github.com/…` without a scheme is a path of the context here.
    if let address, !address.looksLocal {
      guard instruction == .add else { throw .copied(word) }
      return .git(try git(address, checksum: checksum, keepsGitDirectory: keepsGitDirectory))
    }
    guard HTTPSource.isAddress(word) else {
      guard checksum == nil else { throw .checksumOfLocal }
      return .local([word])
    }
    guard instruction == .add else { throw .copied(word) }
    guard WebAddress(word) != nil else { throw .malformedAddress(word) }
    var source = HTTPSource(address: word, fileName: HTTPSource.fileName(of: word))
    if let checksum {
      guard let digest = Digest(checksum) else { throw .malformedDigest(checksum) }
      source.checksum = digest
    }
    return .http(source)
  }

  private static func git(
    _ address: GitAddress, checksum: String?, keepsGitDirectory: Bool?
  ) throws(RemoteSourceProblem) -> GitSource {
    var source = GitSource(address)
    if let keepsGitDirectory {
      if let own = address.keepsGitDirectory, own != keepsGitDirectory { throw .keepGitConflict }
      source.keepsGitDirectory = keepsGitDirectory
    }
    if let checksum {
      if let own = address.checksum, own != checksum { throw .checksumConflict(checksum, own) }
      source.checksum = checksum
    }
    if let wanted = source.checksum, !wanted.utf8.allSatisfy(\.isHexadecimal) {
      throw .malformedCommit(wanted)
    }
    return source
  }

  /// Whether an archive is unpacked: a local one unless `--unpack=false` says no, a remote one only if
  /// `--unpack` says so, and what is in a repository never.
  func isUnpacked(_ flag: Bool?) -> Bool {
    switch self {
    case .local: flag != false
    case .http: flag == true
    case .git: false
    }
  }
}

/// Why a source of `ADD` or `COPY` cannot be what it says.
package enum RemoteSourceProblem: Error, Hashable, Sendable {
  case gitAddress(GitAddressError)
  case copied(String)
  case malformedAddress(String)
  case malformedDigest(String)
  case malformedCommit(String)
  case checksumOfLocal
  case checksumOfSeveral
  case checksumConflict(String, String)
  case keepGitConflict
}

extension RemoteSourceProblem {
  /// The word of the Dockerfile that is to blame, where it is one.
  var culprit: String? {
    switch self {
    case .copied(let text), .malformedAddress(let text), .malformedDigest(let text),
      .malformedCommit(let text):
      text
    default: nil
    }
  }

  /// In words: lower case, no full stop.
  var message: String {
    switch self {
    case .gitAddress(let error): Diagnostic(describing: error).message
    case .copied(let source): "`COPY` cannot copy from an address: `\(source)`"
    case .malformedAddress(let text): "`\(text)` is not an address that can be asked"
    case .malformedDigest(let text): "invalid checksum `\(text)` for an HTTP address"
    case .malformedCommit(let text):
      "invalid checksum `\(text)` for a git address, expected hex commit hash"
    case .checksumOfLocal: "`--checksum` is for `ADD` of an address only"
    case .checksumOfSeveral: "`--checksum` is for one source, and there are several"
    case .checksumConflict(let flag, let address):
      "checksum mismatch: `--checksum` says `\(flag)`, and the address `\(address)`"
    case .keepGitConflict:
      "inconsistent keep-git-dir configuration: the flag and the address contradict each other"
    }
  }

  /// What to do about it; nil where the message says it all.
  var hint: String? {
    switch self {
    case .gitAddress(let error): Diagnostic(describing: error).hint
    case .copied(let source):
      HTTPSource.isAddress(source) || source.contains("://")
        ? "use `ADD`, which fetches it"
        : "use `ADD`, which fetches it; a file of this name is `./\(source)`"
    case .malformedAddress: "it is `https://HOST/PATH`, with what is special in a URL escaped"
    case .malformedDigest: "it is `sha256:` and 64 digits, as `sha256sum` prints them"
    case .malformedCommit: "give the commit, or the beginning of its name"
    case .checksumOfLocal: "leave it out: local files are keyed by their content"
    case .checksumOfSeveral: "write an `ADD` for each"
    case .checksumConflict, .keepGitConflict: "say it once"
    }
  }
}

extension GitSource {
  /// For people: what is fetched, without a password.
  var label: String {
    guard let reference else { return shown }
    return shown + "#" + reference
  }
}

extension UInt8 {
  fileprivate var isHexadecimal: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
