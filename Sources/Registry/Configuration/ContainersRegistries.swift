import OCI
import SystemPackage

/// The `registries.conf` files of Podman and its kin (containers-registries.conf(5), version 2).
struct ContainersRegistries: Sendable {
  private var entries: [Entry] = []

  /// A `[[registry]]` table.
  struct Entry: Hashable, Sendable {
    var prefix: NamePattern
    /// Nil where names stay as they are.
    var location: RegistryLocation?
    /// Nil where it is not said.
    var isInsecure: Bool?
    var isBlocked = false
    var mirrors: [Mirror] = []
    /// Where it is, for errors.
    let file: FilePath
    let line: Int
  }

  /// A `[[registry.mirror]]` table.
  struct Mirror: Hashable, Sendable {
    let location: RegistryLocation
    /// Nil where it is not said.
    let isInsecure: Bool?
    let use: Use

    enum Use: String, Hashable, Sendable {
      case all
      case digestOnly = "digest-only"
      case tagOnly = "tag-only"
    }

    /// Whether it is asked for what is named by its digest, or by a tag.
    func serves(byDigest: Bool) -> Bool {
      switch use {
      case .all: true
      case .digestOnly: byDigest
      case .tagOnly: !byDigest
      }
    }
  }

  /// The entry with the longest prefix of a name; nil where there is none.
  func entry(for registry: String, repository: String) -> Entry? {
    entries.filter { $0.prefix.matches(registry, repository) }
      .max { $0.prefix.specificity < $1.prefix.specificity }
  }

  /// Adds what a file says; an entry takes the place of an earlier one for the same prefix.
  mutating func add(_ bytes: [UInt8], from file: FilePath) throws {
    let reader = try RegistriesFileReader(bytes, file)
    for entry in try reader.entries() {
      entries.removeAll { $0.prefix == entry.prefix }
      entries.append(entry)
    }
  }
}

/// What a `prefix` of `registries.conf` matches.
struct NamePattern: Hashable, Sendable {
  /// In lower case, with the port.
  let host: String
  /// For `*.example.com`: the host is `example.com`, and all hosts below it match, whatever the port.
  let isWildcard: Bool
  /// The namespace or repository; empty for all.
  let path: String

  /// The more of a name it says, the more it counts.
  var specificity: Int { 2 * (host.utf8.count + path.utf8.count) + (isWildcard ? 0 : 1) }

  func matches(_ registry: String, _ repository: String) -> Bool {
    let registry = RegistryLocation.canonical(registry)
    if isWildcard {
      guard HostAddress(authority: registry)?.host.hasSuffix("." + host) == true else {
        return false
      }
    } else if registry != host {
      return false
    }
    return path.isEmpty || repository == path || repository.hasPrefix(path + "/")
  }
}

/// A `location` of `registries.conf`: `host[:port][/namespace]`.
struct RegistryLocation: Hashable, Sendable {
  /// In lower case.
  let authority: String
  let path: String

  /// Reads a location without the slashes at its end. Throws the fault of an entry.
  init(_ text: String) throws(RegistryConfigurationError.EntryFault) {
    let lowercased = text.lowercased()
    if lowercased.hasPrefix("http://") || lowercased.hasPrefix("https://") {
      throw .hasScheme(text)
    }
    var trimmed = text[...]
    while trimmed.hasSuffix("/") { trimmed.removeLast() }
    let authority = String(trimmed.prefix { $0 != "/" })
    path = String(trimmed.dropFirst(authority.count + 1))
    if path.contains(":") || path.contains("@") { throw .namesOneImage(text) }
    guard HostAddress(authority: authority) != nil, RegistryLocation.isPath(path) else {
      throw .malformedLocation(text)
    }
    self.authority = RegistryLocation.canonical(authority)
  }

  /// The name of a registry in lower case, and Docker Hub by one of its names.
  static func canonical(_ registry: String) -> String {
    let lowercased = registry.lowercased()
    return lowercased == "index.docker.io" ? RegistryKey.dockerHub : lowercased
  }

  private static func isPath(_ text: String) -> Bool {
    text.isEmpty
      || text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
              UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
              true
            default: false
            }
          }
      }
  }
}
