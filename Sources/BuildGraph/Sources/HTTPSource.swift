package import OCI

/// A file that is fetched over HTTP: the only one of its state, below the root, with mode 0600.
package struct HTTPSource: Hashable, Sendable {
  /// An absolute address of `http` or `https`.
  package var address: String
  /// What the file is called in its state: one name without a slash.
  package var fileName: String
  /// What it must be; nil takes what the server has today.
  package var checksum: Digest?

  package init(address: String, fileName: String, checksum: Digest? = nil) {
    self.address = address
    self.fileName = fileName
    self.checksum = checksum
  }

  /// Whether a text is an address to fetch from, as BuildKit looks at it.
  package static func isAddress(_ text: String) -> Bool {
    text.hasPrefix("http://") || text.hasPrefix("https://")
  }

  /// What `ADD` calls the file: the last part of the path, and `__unnamed__` where there is none.
  package static func fileName(of address: String) -> String {
    WebAddress(address)?.fileName ?? "__unnamed__"
  }

  /// The address without user, query and fragment, for people.
  package var shown: String { WebAddress(address)?.shown ?? address }

  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("kind", "http")
    encoder.add("address", address)
    encoder.add("fileName", fileName)
    encoder.add("checksum", checksum?.hex)
  }
}

/// A file that came with the request for a build: what standard input held. It is the only one of its
/// state.
package struct UploadSource: Hashable, Sendable {
  package var digest: Digest
  package var fileName: String

  package init(digest: Digest, fileName: String) {
    self.digest = digest
    self.fileName = fileName
  }

  func encode(into encoder: inout CanonicalEncoder) {
    encoder.add("kind", "upload")
    encoder.add("digest", digest)
    encoder.add("fileName", fileName)
  }
}
