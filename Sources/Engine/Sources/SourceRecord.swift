package import OCI
package import Snapshots

/// What is remembered of a source that was fetched: the layer that holds its files.
package struct SourceRecord: Codable, Sendable {
  package var layer: LayerID
  /// For people: where it came from.
  package var origin: String
  /// Of the file, where it is one.
  package var digest: Digest?
  /// What the server said last, to ask it whether that is still so.
  package var validator: HTTPValidator?
  /// When the content was made, in seconds since 1970.
  package var time: Int64?
}

/// What tells a server's file from a later one (RFC 9110, 8.8).
package struct HTTPValidator: Codable, Hashable, Sendable {
  package var entityTag: String?
  /// As the server wrote it.
  package var lastModified: String?
}
