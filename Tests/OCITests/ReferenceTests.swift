import OCI
import Testing

@Suite("Reference")
struct ReferenceTests {
  private static let digest =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test(
    "is normalised as Docker does",
    arguments: [
      ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
      ("alpine:3.19", "docker.io/library/alpine:3.19", "alpine:3.19"),
      ("user/name", "docker.io/user/name:latest", "user/name:latest"),
      ("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
      ("index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
      ("docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
      ("localhost/name", "localhost/name:latest", "localhost/name:latest"),
      ("localhost:5000/name:t", "localhost:5000/name:t", "localhost:5000/name:t"),
      ("ghcr.io/a/b/c:1", "ghcr.io/a/b/c:1", "ghcr.io/a/b/c:1"),
      ("[::1]:5000/name", "[::1]:5000/name:latest", "[::1]:5000/name:latest"),
      ("a__b/c-d.e---f", "docker.io/a__b/c-d.e---f:latest", "a__b/c-d.e---f:latest"),
      ("name:Tag_1.x-Y", "docker.io/library/name:Tag_1.x-Y", "name:Tag_1.x-Y"),
      ("alpine@" + digest, "docker.io/library/alpine@" + digest, "alpine@" + digest),
      ("alpine:1@" + digest, "docker.io/library/alpine:1@" + digest, "alpine:1@" + digest),
      ("127.0.0.1/x", "127.0.0.1/x:latest", "127.0.0.1/x:latest"),
    ])
  func normalised(text: String, full: String, familiar: String) throws {
    let reference = try Reference(text)
    #expect(reference.description == full)
    #expect(reference.familiar == familiar)
    #expect(try Reference(full) == reference)
    #expect(try Reference(familiar) == reference)
  }

  @Test(
    "says what is wrong",
    arguments: [
      ("", "empty"), ("Alpine", "upper-case"), ("a/B", "upper-case"), ("name:", "tag"),
      ("name:-x", "tag"), ("name:a b", "tag"), ("name@sha256:1", "digest"), ("name@", "digest"),
      ("/name", "image name"), ("name/", "image name"), ("a//b", "image name"),
      ("-a", "image name"),
      ("a-", "image name"), ("a___b", "image name"), ("a..b", "image name"), ("a._b", "image name"),
      ("../up", "image name"), ("host:port/name", "image name"), ("a b", "image name"),
      ("https://x.y/z", "image name"), ("name\n", "image name"),
    ])
  func refused(text: String, words: String) {
    let error = #expect(throws: ReferenceError.self) { try Reference(text) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test("is at most 512 bytes, a tag at most 128")
  func limits() throws {
    #expect(throws: ReferenceError.self) { try Reference(String(repeating: "a", count: 513)) }
    #expect(throws: ReferenceError.self) {
      try Reference("a:" + String(repeating: "a", count: 129))
    }
    #expect(try Reference("a:" + String(repeating: "a", count: 128)).tag?.count == 128)
  }
}
