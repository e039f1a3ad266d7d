/// A content digest, `algorithm:hex`, of the image specification's descriptor
/// (opencontainers/image-spec, descriptor.md, "Digests").
///
/// Only SHA-256 is accepted: it is what every registry and builder uses, and one algorithm means that
/// one name stands for one content.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The 32 bytes of the SHA-256.
  package let bytes: [UInt8]

  /// Wraps the 32 bytes of a SHA-256; nil for any other length.
  package init?(sha256 bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  init(unchecked bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Reads `sha256:` followed by 64 lower-case hexadecimal digits; nil for anything else.
  package init?(_ text: some StringProtocol) {
    let prefix = "sha256:"
    guard text.hasPrefix(prefix) else { return nil }
    self.init(hex: text.dropFirst(prefix.count))
  }

  /// Reads 64 lower-case hexadecimal digits; nil for anything else.
  package init?(hex: some StringProtocol) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for index in stride(from: 0, to: 64, by: 2) {
      guard let high = Digest.value(ofHexDigit: digits[index]),
        let low = Digest.value(ofHexDigit: digits[index + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// The digest of `bytes`.
  package static func sha256(of bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { sha256(of: $0) }
  }

  /// The digest of a buffer.
  package static func sha256(of buffer: UnsafeRawBufferPointer) -> Digest {
    var hasher = SHA256Hasher()
    hasher.update(buffer)
    return hasher.finish()
  }

  /// The 64 digits without the algorithm.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: 64) { buffer in
      for (index, byte) in bytes.enumerated() {
        buffer[2 * index] = digits[Int(byte >> 4)]
        buffer[2 * index + 1] = digits[Int(byte & 15)]
      }
      return 64
    }
  }

  /// The first 12 digits, as tools show image identifiers.
  package var short: String { String(hex.prefix(12)) }

  package var description: String { "sha256:" + hex }

  package static func < (a: Digest, b: Digest) -> Bool {
    a.bytes.lexicographicallyPrecedes(b.bytes)
  }

  private static func value(ofHexDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "`\(text)` is not a sha256 digest")
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
