import OCI
import Testing

@Suite("Digest")
struct DigestTests {
  static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  @Test("is the SHA-256 of the bytes")
  func known() {
    #expect(Digest.sha256(of: []).hex == Self.empty)
    #expect(
      Digest.sha256(of: Array("abc".utf8)).description
        == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test("of a million bytes is the same however they are cut")
  func chunks() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    let known = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    for size in [1_000_000, 65_536, 999, 63] {
      var hasher = SHA256Hasher()
      var rest = bytes[...]
      while !rest.isEmpty {
        Array(rest.prefix(size)).withUnsafeBytes { hasher.update($0) }
        rest = rest.dropFirst(size)
      }
      #expect(hasher.finish().hex == known)
    }
  }

  @Test("reads what it prints")
  func roundTrip() throws {
    let digest = Digest.sha256(of: [1, 2, 3])
    #expect(Digest(digest.description) == digest)
    #expect(Digest(hex: digest.hex) == digest)
    #expect(digest.short == String(digest.hex.prefix(12)))
    #expect(try JSON.decode([Digest].self, from: JSON.encode([digest])) == [digest])
  }

  @Test(
    "refuses everything else",
    arguments: [
      "", "sha256:", "sha256:abc", empty, "sha512:" + empty, "SHA256:" + empty,
      "sha256:" + empty.uppercased(), "sha256:" + empty + "0", "sha256:" + empty.dropLast() + "g",
      "sha256: " + empty.dropLast(), "sha256:" + String(repeating: "é", count: 32),
      "sha256:../" + empty,
    ])
  func refuses(text: String) {
    #expect(Digest(text) == nil)
    #expect(throws: (any Error).self) {
      try JSON.decode([Digest].self, from: JSON.encode([text]))
    }
  }
}
