import OCI

/// What a registry is shown so that it knows who asks.
///
/// The secret is in none of its descriptions, nor in those of whatever holds it.
package enum Credential: Hashable, Sendable {
  case password(username: String, password: String)
  /// A refresh token for the token server of the registry (OAuth 2), instead of a password.
  case identityToken(String)
  /// A bearer token for the registry itself.
  case registryToken(String)
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String {
    switch self {
    case .password(let username, _): "the password of `\(printable(username))`"
    case .identityToken: "an identity token"
    case .registryToken: "a registry token"
    }
  }

  package var debugDescription: String { description }

  /// Without children: `dump` and the failures of tests would print them.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
