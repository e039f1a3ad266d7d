import Glibc
package import SystemPackage

/// The credentials for registries that Docker, Podman and Slipway itself have put away.
///
/// Looked up in this order; the first that is found counts, and what does not exist is passed over:
/// 1. the file that `REGISTRY_AUTH_FILE` names;
/// 2. Docker's `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`;
/// 3. Podman's `$XDG_RUNTIME_DIR/containers/auth.json`, else `/run/containers/UID/auth.json`;
/// 4. `$XDG_CONFIG_HOME/containers/auth.json`, else `~/.config/containers/auth.json`.
///
/// In each of them the helper that `credHelpers` names for the registry is asked first, then that of
/// `credsStore`, and then `auths` is read, the narrowest namespace first. All names of Docker Hub
/// are one.
package struct CredentialStore: Sendable {
  private let files: [CredentialFile]
  /// The one that is written to.
  private let ownFile: CredentialFile?
  private let helperEnvironment: [String: String]
  private let helperTimeLimit: Duration

  /// Reads nothing yet.
  ///
  /// - Parameters:
  ///   - environment: says where the files and the helpers are.
  ///   - systemRoot: stands in for `/` where a file is not the user's.
  ///   - helperTimeLimit: how long a helper may take; it may have to ask somebody for a passphrase.
  package init(
    environment: [String: String], systemRoot: FilePath = "/",
    helperTimeLimit: Duration = .seconds(60)
  ) {
    let folders = UserFolders(environment: environment)
    let docker = folders.docker?.appending("config.json")
    let own = folders.path("REGISTRY_AUTH_FILE") ?? docker
    let system = systemRoot.appending("run/containers/\(getuid())/auth.json")
    ownFile = own.map { CredentialFile(path: $0) }
    files = [
      ownFile, docker == own ? nil : docker.map { CredentialFile(path: $0) },
      folders.runtime.map { CredentialFile(path: $0.appending("containers/auth.json")) }
        ?? CredentialFile(path: system, mayBeClosed: true),
      folders.configuration.map { CredentialFile(path: $0.appending("containers/auth.json")) },
    ].compactMap { $0 }
    helperEnvironment = HelperEnvironment.variables(of: environment)
    self.helperTimeLimit = helperTimeLimit
  }

  /// The credential for a registry; nil where there is none, and the registry is to be asked
  /// without.
  ///
  /// Throws `CredentialError`, and `SystemCallError` for a file that cannot be read: a credential
  /// that is there and cannot be had is no reason to go without.
  ///
  /// - Parameters:
  ///   - registry: the host with its port, such as `docker.io` or `localhost:5000`.
  ///   - repository: the path below it, for which there may be a credential of its own.
  package func credential(for registry: String, repository: String? = nil) async throws
    -> Credential?
  {
    let wanted = RegistryKey(registry: registry, repository: repository ?? "")
    for file in files {
      guard let document = try await file.read() else { continue }
      for name in try document.helpers(for: wanted.registry) {
        let helper = try helper(name, of: file)
        if let found = try await helper.credential(for: wanted.registry) { return found }
      }
      if let found = try document.credential(for: wanted) { return found }
    }
    return nil
  }

  /// Keeps a credential for a registry, and says where: with the helper that is responsible for it,
  /// else in the file of `REGISTRY_AUTH_FILE`, else in Docker's `config.json`.
  ///
  /// Everything else in the file stays. A file that is malformed is not written to.
  package func save(_ credential: Credential, for registry: String) async throws
    -> CredentialLocation
  {
    guard let ownFile else { throw CredentialError.noFile }
    guard let name = try await ownFile.read()?.helpers(for: registry).first else {
      try await ownFile.edit { try $0.set(credential, for: registry) }
      return .file(ownFile.path)
    }
    try await helper(name, of: ownFile).store(credential, for: registry)
    try await ownFile.edit { try $0.set(nil, for: registry) }
    return .helper(name: name)
  }

  /// Forgets the credential for a registry where `save` would have put it; whether there was one.
  ///
  /// What lies in the other files stays, and so do the credentials for parts of the registry.
  package func erase(_ registry: String) async throws -> Bool {
    guard let ownFile, let document = try await ownFile.read() else { return false }
    var hadOne = false
    if let name = try document.helpers(for: registry).first {
      hadOne = try await helper(name, of: ownFile).erase(registry)
    }
    let wasInFile = try await ownFile.edit { try $0.remove(registry) }
    return hadOne || wasInFile
  }

  /// The registries, and namespaces of them, that the files know a credential or a helper for,
  /// sorted. Helpers are not asked.
  package func registries() async throws -> [String] {
    var found: Set<String> = []
    for file in files {
      if let document = try await file.read() { found.formUnion(try document.registries()) }
    }
    return found.sorted()
  }

  private func helper(_ name: String, of file: CredentialFile) throws -> CredentialHelper {
    try CredentialHelper(
      name: name, file: file.path, environment: helperEnvironment, timeLimit: helperTimeLimit)
  }
}
