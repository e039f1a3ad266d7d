/// What tells a server's file from a later one (RFC 9110, 8.8).
package struct HTTPValidator: Codable, Hashable, Sendable {
  package var entityTag: String?
  /// As the server wrote it.
  package var lastModified: String?
}
