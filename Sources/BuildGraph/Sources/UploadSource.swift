package import OCI

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
