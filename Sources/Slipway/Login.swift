internal import OCI
package import Registry

extension Home {
  /// Keeps a user's credentials for a registry once the registry has accepted them, and says where.
  ///
  /// - Parameter registry: the host with its port; Docker Hub under any of its names.
  ///
  /// Throws `RegistryError` where the registry refuses them; nothing is kept then.
  package func logIn(
    to registry: String, user: String, password: String
  ) async throws -> CredentialLocation {
    let credential = Credential.password(username: user, password: password)
    try await registries.checkAccess(to: registry, as: credential)
    return try await registries.credentials.save(credential, for: registry)
  }

  /// Forgets the credentials for a registry; false where there were none.
  package func logOut(of registry: String) async throws -> Bool {
    try await registries.credentials.erase(registry)
  }
}
