internal import OCI

/// The name of a layer in the store.
///
/// A layer that was made here has a random name, one that another machine made has a name of what it
/// said of it. An adopted one is named for its diffID and its blob:
/// equal layers are shared, and two compressions of one tar stay apart, so that an image built on one
/// of them never depends on what else happens to be in the store.
package struct LayerID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let rawValue: String

  /// Reads a name; nil for what cannot be one.
  package init?(_ text: String) {
    guard let first = text.utf8.first, first == UInt8(ascii: "m") || first == UInt8(ascii: "a"),
      (2...96).contains(text.utf8.count), text.utf8.dropFirst().allSatisfy(LayerID.isAllowed)
    else { return nil }
    rawValue = text
  }

  private init(unchecked rawValue: String) {
    self.rawValue = rawValue
  }

  /// A name that no other layer has.
  static func random() -> LayerID {
    LayerID(unchecked: "m" + randomName())
  }

  /// The name of a layer that came with an image.
  static func adopted(diffID: Digest, blob: Digest) -> LayerID {
    LayerID(unchecked: "a" + diffID.hex + "-" + blob.hex.prefix(16))
  }

  /// The name of a layer that another machine made: longer than any that is made here.
  static func taken(_ fingerprint: Digest) -> LayerID {
    LayerID(unchecked: "m" + fingerprint.hex)
  }

  /// Whether the layer came with an image, and so keeps its blob as it is.
  package var isAdopted: Bool { rawValue.utf8.first == UInt8(ascii: "a") }

  /// Whether the layer came from another machine that had made it, alone.
  package var isTaken: Bool { !isAdopted && rawValue.utf8.count > 64 }

  package var description: String { rawValue }

  package static func < (a: LayerID, b: LayerID) -> Bool { a.rawValue < b.rawValue }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension LayerID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = LayerID(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "`\(text)` is not the name of a layer")
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

/// 128 random bits in hexadecimal.
func randomName() -> String {
  var generator = SystemRandomNumberGenerator()
  return (0..<2).map { _ in
    let digits = String(generator.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }.joined()
}
