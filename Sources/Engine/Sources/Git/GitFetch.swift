internal import BuildGraph
internal import OCI
internal import Snapshots
internal import SystemPackage

/// Fetches the files of a commit for `ADD` or a build context, after BuildKit's `source/git`: the key is
/// made of the commit, wherever it came from; a repository is asked only for names that may move.
struct GitFetch: Sendable {
  private let source: GitSource
  private let sources: RemoteSources

  init(_ source: GitSource, _ sources: RemoteSources) {
    self.source = source
    self.sources = sources
  }

  /// Which commit it is; nothing is asked where the source names a whole one.
  func resolve() async throws -> RemoteState {
    let target = try await target()
    if let checksum = source.checksum, !target.names.contains(where: { $0.hasPrefix(checksum) }) {
      throw RemoteSourceError.wrongCommit(
        source.shown, expected: checksum, actual: target.names)
    }
    return state(target)
  }

  /// The layer of a source whose commit is known.
  func layer(of state: RemoteState) async throws -> LayerID {
    guard case .git(let pinned) = state.source, let object = pinned.commit else {
      throw RemoteSourceError.notResolved(source.shown)
    }
    let target = GitListing.Target(pinned, object: object)
    let key = recordKey(target)
    let (source, sources) = (pinned, sources)
    return try await sources.alone(key) {
      // Another process may have fetched it meanwhile.
      if let record = sources.record(for: key.digest) { return record.layer }
      let git = try program()
      let checkout = try await BlockingWork.run {
        try GitCheckout(source, target, git, in: sources.stores.layers)
      }
      let (layer, time) = try await checkout.layer()
      let record = SourceRecord(
        layer: layer, origin: source.shown + "#" + object, time: time)
      sources.remember(record, under: [key])
      return layer
    }
  }

  private func state(_ target: GitListing.Target) -> RemoteState {
    var pinned = source
    pinned.commit = target.object
    pinned.taggedCommit = target.tagged
    if let name = target.name { pinned.reference = name }
    let record = sources.record(for: recordKey(target).digest)
    return RemoteState(
      source: .git(pinned), identity: key(target).digest, layer: record?.layer, time: record?.time)
  }

  /// What stands for the files: the commit, and what of it is wanted. A kept `.git` holds more: the
  /// tag, the name of the ref and where it came from.
  private func key(_ target: GitListing.Target) -> StepKey {
    var parts: [CacheRecord.KeyPart] = [
      .init("source", "git"), .init("subdirectory", source.subdirectory ?? ""),
      .init("submodules", "\(source.fetchesSubmodules)"),
      .init("file times", source.fileTimes.rawValue),
    ]
    guard source.keepsGitDirectory else {
      return StepKey(parts + [.init("commit", target.tagged ?? target.object)])
    }
    parts += [
      .init("object", target.object), .init("reference", target.name ?? ""),
      .init("remote", source.shown), .init("depth", "\(source.fetchDepth)"),
    ]
    return StepKey(parts)
  }

  /// Where the layer is remembered. What a server says a tag stands for is part of it, as the record is
  /// written only where that has proved true: a server that lies later finds nothing here.
  private func recordKey(_ target: GitListing.Target) -> StepKey {
    StepKey(
      key(target).parts + [.init("record", "git"), .init("tagged", target.tagged ?? "")])
  }

  // MARK: - The commit

  private func target() async throws -> GitListing.Target {
    if let commit = source.commit { return GitListing.Target(source, object: commit) }
    guard let reference = source.reference else {
      guard let head = try await listing(["HEAD"]).head else {
        throw RemoteSourceError.noDefaultBranch(source.shown)
      }
      return head
    }
    if GitReference.isCommit(reference) { return GitListing.Target(object: reference) }
    guard GitReference.isName(reference) else {
      throw RemoteSourceError.invalidReference(reference)
    }
    if let target = try await listing([reference, reference + "^{}"]).target(of: reference) {
      return target
    }
    // `?commit=` alone may be the beginning of a name.
    guard reference == source.checksum, GitReference.isCommitPrefix(reference) else {
      throw RemoteSourceError.noReference(source.shown, reference: reference)
    }
    let targets = try await listing([]).targets(beginningWith: reference)
    guard let target = targets.first else {
      throw RemoteSourceError.noReference(source.shown, reference: reference)
    }
    guard targets.count == 1 else {
      throw RemoteSourceError.ambiguousCommit(
        source.shown, prefix: reference, count: targets.count)
    }
    return target
  }

  private func listing(_ patterns: [String]) async throws -> GitListing {
    let git = try program()
    let remote = GitCredentials.stripped(source.remote)
    do {
      return GitListing(
        parsing: try await git.run(["ls-remote", "--symref", "--", remote] + patterns))
    } catch let failure as GitProgram.Failure {
      throw RemoteSourceError.gitFailed(
        source.shown, activity: "asking", output: failure.output)
    }
  }

  private func program() throws -> GitProgram {
    let access = try sources.access(source.shown)
    return try GitProgram(
      GitCredentials(source, sources.inputs).access(home: sources.stores.home),
      environment: access.environment)
  }
}

extension GitListing.Target {
  /// What a source stands for of which somebody has asked.
  fileprivate init(_ pinned: GitSource, object: String) {
    self.init(
      object: object, tagged: pinned.taggedCommit,
      name: pinned.reference.flatMap { GitReference.isCommit($0) ? nil : $0 })
  }
}
