internal import Archive
internal import BuildGraph
import Glibc
internal import OCI
internal import Snapshots
internal import SystemPackage

/// A commit on its way into a layer: fetched into a repository of its own, which goes when it is done,
/// checked out there, and copied from there with the modes that BuildKit gives.
struct GitCheckout: Sendable {
  private let source: GitSource
  private let target: GitListing.Target
  private let git: GitProgram
  private let layers: LayerStore
  private let scratch: ScratchLayer
  private let remote: String

  init(
    _ source: GitSource, _ target: GitListing.Target, _ git: GitProgram, in layers: LayerStore
  ) throws {
    self.source = source
    self.target = target
    self.git = git
    self.layers = layers
    remote = GitCredentials.stripped(source.remote)
    scratch = try ScratchLayer(in: layers)
  }

  private var folder: FilePath { scratch.upper }

  /// The layer, and when the commit was made. Throws `RemoteSourceError` and `CancellationError`.
  func layer() async throws -> (layer: LayerID, time: Int64?) {
    defer { scratch.discard() }
    try await run("preparing", ["init", "--quiet", "--template="] + objectFormat)
    // Submodules may be named relative to it.
    try await run("preparing", ["remote", "add", "--", "origin", remote])
    try await fetch()
    try await checkTag()
    try await run("checking out", ["checkout", "--quiet", "--force", "--detach", commitName])
    if source.fetchesSubmodules { try await fetchSubmodules() }
    let time = try await commitTime()
    let keepsGitDirectory = source.keepsGitDirectory && subdirectory.isRoot
    if keepsGitDirectory { try await tidyGitDirectory() }
    let layer = try await BlockingWork.run {
      try copy(keepingGitDirectory: keepsGitDirectory, commitTime: time)
    }
    return (layer, time)
  }

  private var objectFormat: [String] {
    target.object.utf8.count == 64 ? ["--object-format=sha256"] : []
  }

  private var commitName: String { target.object + "^{commit}" }
  private var subdirectory: TreePath { TreePath(cleaning: source.subdirectory ?? "") }

  @discardableResult
  private func run(_ activity: String, _ arguments: [String]) async throws -> String {
    do {
      return String(decoding: try await git.run(arguments, in: folder), as: UTF8.self)
    } catch let failure as GitProgram.Failure {
      throw RemoteSourceError.gitFailed(
        source.shown, activity: activity, output: failure.output)
    }
  }

  // MARK: - Fetching

  /// Fetches as little as the server lets us: the commit alone, else its history, else everything.
  private func fetch() async throws {
    let depth = source.fetchDepth > 0 ? ["--depth=\(source.fetchDepth)"] : []
    let wanted = refspec ?? target.object
    var attempts = [depth + ["--no-tags", "origin", wanted]]
    // The ref may have moved since it was asked for.
    if refspec != nil { attempts.append(depth + ["--no-tags", "origin", target.object]) }
    if !depth.isEmpty { attempts.append(["--no-tags", "origin", wanted]) }
    attempts.append(["--tags", "--force", "origin", "+refs/heads/*:refs/remotes/origin/*"])
    for (number, attempt) in attempts.enumerated() {
      let isLast = number == attempts.count - 1
      do {
        try await git.run(
          ["fetch", "--quiet", "--update-head-ok", "--no-recurse-submodules"] + attempt, in: folder)
        if await hasCommit() { break }
      } catch let failure as GitProgram.Failure where !isLast && failure.isAboutWhatWasAskedFor {
        continue
      } catch let failure as GitProgram.Failure {
        throw RemoteSourceError.gitFailed(
          source.shown, activity: "fetching", output: failure.output)
      }
    }
    guard await hasCommit() else {
      guard let name = target.name else {
        throw RemoteSourceError.noReference(source.shown, reference: target.object)
      }
      throw RemoteSourceError.referenceMoved(source.shown, name)
    }
    if let name = target.name, isKept(name) {
      try await run("preparing", ["update-ref", "--no-deref", name, target.object])
    }
  }

  /// What a ref is fetched as; nil where only a commit is known.
  private var refspec: String? {
    target.name.map { "+\($0):" + (isKept($0) ? $0 : "refs/slipway/fetched") }
  }

  /// Whether a ref is of those that a repository shows.
  private func isKept(_ name: String) -> Bool {
    name.hasPrefix("refs/heads/") || name.hasPrefix("refs/tags/")
  }

  private func hasCommit() async -> Bool {
    (try? await git.run(["cat-file", "-e", commitName], in: folder)) != nil
  }

  /// What a tag stands for is part of keys and compared with checksums by what the server said, so that
  /// must be what the tag itself says.
  private func checkTag() async throws {
    guard let claimed = target.tagged else { return }
    let text = try await run("reading", ["rev-parse", "--verify", commitName])
    let commit = text.filter { !$0.isWhitespace }
    guard commit == claimed else {
      throw RemoteSourceError.falseTag(
        source.shown, target.name ?? target.object, claimed: claimed, actual: commit)
    }
  }

  private func fetchSubmodules() async throws {
    guard access(folder.appending(".gitmodules").string, F_OK) == 0 else { return }
    let update = ["submodule", "--quiet", "update", "--init", "--recursive", "--force"]
    do {
      try await git.run(update + ["--depth=1"], in: folder)
    } catch is GitProgram.Failure {
      // Its server may know nothing of depths, or give no commit that is not the tip of something.
      try await run("fetching the submodules of", update)
    }
  }

  private func commitTime() async throws -> Int64? {
    let text = try await run(
      "reading", ["log", "-1", "--no-show-signature", "--format=%ct", commitName])
    return Int64(text.filter { !$0.isWhitespace })
  }

  /// Takes away what would differ from one fetch to the next, and what nobody has asked for.
  private func tidyGitDirectory() async throws {
    try await run("tidying", ["remote", "set-url", "--", "origin", source.shown])
    // An index without the inodes and times of this machine.
    try await run("tidying", ["read-tree", "HEAD"])
    for name in ["FETCH_HEAD", "ORIG_HEAD"] {
      unlink(folder.appending(".git").appending(name).string)
    }
  }

  // MARK: - The layer

  private func copy(keepingGitDirectory: Bool, commitTime: Int64?) throws -> LayerID {
    let tree = try DirectoryTree(folder)
    // Git's own files are no part of a commit, and are not the same everywhere.
    guard let root = try tree.resolve(subdirectory, followingLast: true),
      !root.components.contains(where: { $0.elementsEqual(".git".utf8) }),
      try tree.node(at: root)?.isDirectory == true
    else {
      throw RemoteSourceError.noSubdirectory(source.shown, source.subdirectory ?? "")
    }
    let time =
      source.fileTimes == .commit
      ? commitTime.map { FileTime(seconds: $0) } ?? .now : FileTime.now
    let pending = try layers.beginDirectory()
    let sink = try pending.sink()
    var folders: [(from: TreePath, to: TreePath)] = [(root, .root)]
    while let (from, to) = folders.popLast() {
      for child in try tree.children(of: from) {
        // Also that of a submodule, which names a folder of this machine.
        if !keepingGitDirectory, child.name.elementsEqual(".git".utf8) { continue }
        let path = from.appending(child.name)
        let target = to.appending(child.name)
        let metadata = child.node.metadata.asOfGit(time)
        let contents = metadata.kind == .regular ? try tree.open(path) : nil
        try sink.add(target, metadata, contents: contents)
        if child.node.isDirectory { folders.append((path, target)) }
      }
    }
    try sink.finish()
    return try pending.commit()
  }
}

extension GitProgram.Failure {
  /// Whether the server may do what is wanted if it is asked in another way: it knows no depths, or
  /// gives only what it has named.
  fileprivate var isAboutWhatWasAskedFor: Bool {
    let signs = [
      "--depth", "shallow", "not our ref", "unadvertised object", "couldn't find remote ref",
      "no such remote ref", "remote did not send all necessary objects", "Cannot obtain needed",
      "bad object",
    ]
    return signs.contains { output.contains($0) }
  }
}

extension FileMetadata {
  /// As an image has it, whatever the umask is here: what its owner may, all may, but for writing.
  fileprivate func asOfGit(_ time: FileTime) -> FileMetadata {
    let owner = permissions >> 6 & 0o7
    let others = owner & 0o5
    var metadata = FileMetadata(
      kind: kind, permissions: owner << 6 | others << 3 | others, size: size,
      modificationTime: time, linkTarget: linkTarget)
    if kind == .symbolicLink { metadata.permissions = 0o777 }
    return metadata
  }
}
