/// Whose credentials a client shows.
package enum CredentialSource: Sendable {
  /// Those that were put away for each registry.
  case stored(CredentialStore)
  /// One that is not put away yet: for trying whether a registry accepts it.
  case given(Credential)

  func credential(for registry: String, repository: String?) async throws -> Credential? {
    switch self {
    case .stored(let store):
      try await store.credential(for: registry, repository: repository)
    case .given(let credential): credential
    }
  }
}
