package import OCI

/// How a blob came to be where it is wanted.
package enum UploadOutcome: Sendable, Hashable {
  case wasThere
  /// From another repository of the same registry; nothing was sent.
  case mounted(from: String)
  case sent
}

extension RemoteRepository {
  /// Makes the registry have a blob: it is there, is mounted from a repository that has it, or sent.
  ///
  /// - Parameter mountSources: names of repositories of the same registry that are believed to have
  ///   it, tried in order.
  ///
  /// Throws `RegistryError`, and what the source throws.
  @discardableResult
  package func upload(
    _ blob: Descriptor, from source: UploadSource, mountSources: [String] = []
  ) async throws -> UploadOutcome {
    if try await has(blob) { return .wasThere }
    var upload = BlobUpload(blob, source, to: self)
    for other in mountSources where other != name {
      if try await upload.mount(from: other) { return .mounted(from: other) }
    }
    try await upload.send()
    return .sent
  }
}
