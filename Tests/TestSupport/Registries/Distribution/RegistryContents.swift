import OCI
import Synchronization
import SystemPackage

/// All that a registry holds: blobs in files, everything else in memory.
final class RegistryContents: Sendable {
  private struct Repository {
    var blobs: Set<Digest> = []
    var manifests: [Digest: StoredManifest] = [:]
    var tags: [String: Digest] = [:]
  }

  private struct State {
    var blobs: [Digest: StoredBlob] = [:]
    var repositories: [String: Repository] = [:]
    var uploads: [String: UploadSession] = [:]
  }

  private let folder: TemporaryDirectory
  private let state = Mutex(State())

  init() throws {
    folder = try TemporaryDirectory()
  }

  // MARK: Blobs

  /// A blob that a repository has, or any where it is nil.
  func blob(_ digest: Digest, in repository: String? = nil) -> StoredBlob? {
    state.withLock { state in
      if let repository,
        state.repositories[repository]?.blobs.contains(digest) != true
      {
        return nil
      }
      return state.blobs[digest]
    }
  }

  func add(_ blob: StoredBlob, to repository: String) {
    state.withLock { state in
      state.blobs[blob.digest] = blob
      state.repositories[repository, default: Repository()].blobs.insert(blob.digest)
    }
  }

  /// False where there is none.
  func removeBlob(_ digest: Digest, from repository: String) -> Bool {
    state.withLock { $0.repositories[repository]?.blobs.remove(digest) != nil }
  }

  // MARK: Uploads

  func beginUpload(to repository: String) throws -> UploadSession {
    let identifier = RandomText.digits(32)
    let session = try UploadSession(
      identifier: identifier, repository: repository, file: folder("upload-\(identifier)"))
    state.withLock { $0.uploads[identifier] = session }
    return session
  }

  func upload(_ identifier: String, to repository: String) -> UploadSession? {
    state.withLock { $0.uploads[identifier] }.flatMap { $0.repository == repository ? $0 : nil }
  }

  func forgetUpload(_ identifier: String) {
    _ = state.withLock { $0.uploads.removeValue(forKey: identifier) }
  }

  /// Ends an upload, for better or worse.
  func finish(_ session: UploadSession, as digest: Digest) throws {
    defer { forgetUpload(session.identifier) }
    add(try session.finish(as: digest, in: folder(digest.hex)), to: session.repository)
  }

  /// How many uploads were begun and not ended.
  var uploadCount: Int { state.withLock { $0.uploads.count } }

  // MARK: Manifests

  /// A manifest by tag or digest.
  func manifest(_ reference: String, in repository: String) -> StoredManifest? {
    state.withLock { state in
      guard let repository = state.repositories[repository] else { return nil }
      return (Digest(reference) ?? repository.tags[reference]).flatMap { repository.manifests[$0] }
    }
  }

  /// Keeps a manifest whose parts are there. Throws `RegistryError` where they are not.
  func add(_ manifest: StoredManifest, to repository: String, tag: String?) throws {
    try state.withLock { state in
      var kept = state.repositories[repository] ?? Repository()
      for blob in manifest.blobs {
        guard kept.blobs.contains(blob.digest), let stored = state.blobs[blob.digest] else {
          throw RegistryError(
            404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: \(blob.digest)")
        }
        guard stored.size == blob.size else {
          throw RegistryError(
            400, "SIZE_INVALID", "\(blob.digest) has \(stored.size) bytes, not \(blob.size)")
        }
      }
      for child in manifest.view.manifests ?? [] where kept.manifests[child.digest] == nil {
        throw RegistryError(
          404, "MANIFEST_BLOB_UNKNOWN", "manifest unknown to registry: \(child.digest)")
      }
      kept.manifests[manifest.digest] = manifest
      if let tag { kept.tags[tag] = manifest.digest }
      state.repositories[repository] = kept
    }
  }

  /// Removes a tag, or a manifest with all of its tags; false where there is none.
  func removeManifest(_ reference: String, from repository: String) -> Bool {
    state.withLock { state in
      guard let digest = Digest(reference) else {
        return state.repositories[repository]?.tags.removeValue(forKey: reference) != nil
      }
      guard state.repositories[repository]?.manifests.removeValue(forKey: digest) != nil else {
        return false
      }
      for (tag, tagged) in state.repositories[repository]?.tags ?? [:] where tagged == digest {
        state.repositories[repository]?.tags[tag] = nil
      }
      return true
    }
  }

  /// Sorted; nil where there is no such repository.
  func tags(in repository: String) -> [String]? {
    state.withLock { $0.repositories[repository]?.tags.keys.sorted() }
  }

  /// The manifests whose subject is `digest`, in the order of their digests.
  func referrers(to digest: Digest, in repository: String) -> [StoredManifest] {
    state.withLock { state in
      (state.repositories[repository]?.manifests.values).map(Array.init) ?? []
    }
    .filter { $0.view.subject?.digest == digest }.sorted { $0.digest < $1.digest }
  }
}
