package import Engine
import Glibc
package import OCI
package import SystemPackage

/// Where Slipway keeps its state, and everything that can be done with it: one file a command.
///
/// All of it may be deleted at any time at no cost but time; many processes share it safely.
package struct Home: Sendable {
  package let stores: EngineStores
  let registries: Registries

  package var path: FilePath { stores.home }
  package var content: ContentStore { stores.content }

  /// Opens the state at `path`, made where there is none. Throws `SystemCallError`.
  ///
  /// - Parameter environment: where the user's credentials and the settings of registries are.
  package init(path: FilePath, environment: [String: String]) throws {
    let content = try ContentStore(root: path)
    let registries = try Registries(store: content, environment: environment)
    stores = try EngineStores(home: path, content: content, supply: registries.fetcher)
    self.registries = registries
  }

  /// Runs `body` while nothing is deleted from the store; several may at once, of several processes.
  func whileInUse<Result>(_ body: () async throws -> Result) async throws -> Result {
    let lock = try FileLock(storeLock, exclusive: false)
    defer { lock.release() }
    return try await body()
  }

  /// Runs `body` while nothing is deleted from the store.
  func withStoreInUse<Result>(_ body: () throws -> Result) throws -> Result {
    let lock = try FileLock(storeLock, exclusive: false)
    defer { lock.release() }
    return try body()
  }

  /// Held by whoever adds to the store or reads from it, and alone by who deletes from it.
  var storeLock: FilePath { path.appending("locks").appending("store") }

  /// The folder that the environment asks for: `SLIPWAY_HOME`, else `/var/lib/slipway` for root and
  /// `$XDG_DATA_HOME/slipway` (`~/.local/share/slipway`) for others.
  package static func path(environment: [String: String]) -> FilePath {
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    if let home = value("SLIPWAY_HOME") { return FilePath(home).absolute }
    if geteuid() == 0 { return "/var/lib/slipway" }
    if let data = value("XDG_DATA_HOME") { return FilePath(data).appending("slipway") }
    return FilePath(value("HOME") ?? "/").appending(".local/share/slipway")
  }
}

extension FilePath {
  /// The path from the root, seen from the working directory.
  package var absolute: FilePath {
    if isAbsolute { return lexicallyNormalized() }
    guard let buffer = getcwd(nil, 0) else { return self }
    defer { free(buffer) }
    return FilePath(platformString: buffer).pushing(self).lexicallyNormalized()
  }
}
