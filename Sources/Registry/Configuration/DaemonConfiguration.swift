import OCI
import SystemPackage

/// What Docker's `daemon.json` says about registries (dockerd(8), "registry-mirrors" and
/// "insecure-registries").
struct DaemonConfiguration: Hashable, Sendable {
  /// Mirrors of Docker Hub.
  private(set) var mirrors: [Mirror] = []
  private var insecureAuthorities: Set<String> = []
  private var insecureRanges: [AddressRange] = []

  struct Mirror: Hashable, Sendable {
    let scheme: RegistryEndpoint.Scheme
    let authority: String
    let basePath: String
  }

  /// Adds what a file says; one that is not there says nothing.
  mutating func add(_ path: FilePath, mayBeClosed: Bool) throws {
    guard let bytes = try SettingsFile.read(path, mayBeClosed: mayBeClosed) else { return }
    // Docker takes an empty file for one without settings.
    if bytes.allSatisfy({ " \t\r\n".utf8.contains($0) }) { return }
    let document: PreservedJSON
    do {
      document = try PreservedJSON(bytes)
    } catch {
      throw RegistryConfigurationError.notJSON(path, error)
    }
    if document.members == nil { throw RegistryConfigurationError.notAnObject(path) }
    for text in try strings("registry-mirrors", of: document, path) {
      switch Mirror.reading(text) {
      case .success(let mirror): mirrors.append(mirror)
      case .failure(let fault):
        throw RegistryConfigurationError.daemon(path, "registry-mirrors", text, fault)
      }
    }
    for text in try strings("insecure-registries", of: document, path) {
      if let range = AddressRange(text) {
        insecureRanges.append(range)
      } else if HostAddress(authority: DaemonConfiguration.withoutScheme(text)) != nil {
        insecureAuthorities.insert(DaemonConfiguration.withoutScheme(text).lowercased())
      } else {
        throw RegistryConfigurationError.daemon(path, "insecure-registries", text, .notAHost)
      }
    }
  }

  /// Whether plain HTTP and unknown certificates are accepted from a registry.
  ///
  /// Ranges are for registries that are named by their address. Docker asks the name server too; but
  /// whoever can answer for a name would then decide whether its certificate is looked at.
  func isInsecure(_ authority: String) -> Bool {
    if insecureAuthorities.contains(authority.lowercased()) { return true }
    guard let bytes = HostAddress(authority: authority)?.bytes else { return false }
    return insecureRanges.contains { $0.contains(bytes) }
  }

  private func strings(
    _ key: String, of document: PreservedJSON, _ path: FilePath
  ) throws -> [String] {
    guard let value = document[key], value != .null else { return [] }
    let strings = value.elements?.compactMap(\.string) ?? []
    guard let elements = value.elements, strings.count == elements.count else {
      throw RegistryConfigurationError.daemon(path, key, "", .notStrings)
    }
    return strings
  }

  private static func withoutScheme(_ text: String) -> String {
    for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) {
      return String(text.dropFirst(scheme.count))
    }
    return text
  }
}

extension DaemonConfiguration.Mirror {
  /// Reads a mirror's URL as Docker does: no query, no fragment, nobody's name.
  fileprivate static func reading(
    _ text: String
  ) -> Result<DaemonConfiguration.Mirror, RegistryConfigurationError.DaemonFault> {
    for scheme in [RegistryEndpoint.Scheme.http, .https] {
      let prefix = scheme.rawValue + "://"
      guard text.lowercased().hasPrefix(prefix) else { continue }
      let rest = text.dropFirst(prefix.count)
      let authority = String(rest.prefix { $0 != "/" })
      var path = rest.dropFirst(authority.count)
      while path.hasSuffix("/") { path.removeLast() }
      if authority.contains("@") { return .failure(.hasUser) }
      guard HostAddress(authority: authority) != nil,
        path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#\\".utf8.contains($0) })
      else { return .failure(.malformedURL) }
      return .success(
        DaemonConfiguration.Mirror(
          scheme: scheme, authority: authority.lowercased(), basePath: String(path)))
    }
    return .failure(.noScheme)
  }
}
