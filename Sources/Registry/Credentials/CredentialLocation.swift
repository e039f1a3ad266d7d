package import SystemPackage

/// Where a credential was put.
package enum CredentialLocation: Hashable, Sendable, CustomStringConvertible {
  /// In a file that only its owner may read, and not encrypted.
  case file(FilePath)
  /// With the program `docker-credential-NAME`.
  case helper(name: String)

  package var description: String {
    switch self {
    case .file(let path): "`\(path)`"
    case .helper(let name): "the credential helper `\(name)`"
    }
  }
}
