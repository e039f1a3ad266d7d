import FoundationEssentials

/// Reading and writing the JSON documents of the specifications.
package enum JSON {
  /// The bytes of `value` with sorted keys and no spaces: the same value, the same bytes.
  package static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// The bytes of `value` with sorted keys, indented, for people.
  package static func encodePretty(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return Array(try encoder.encode(value))
  }

  /// Reads a document; throws `DecodingError`.
  package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws
    -> Value
  {
    try JSONDecoder().decode(type, from: Data(bytes))
  }

  /// Bytes as a string in base64.
  package struct Base64: Encodable, Hashable, Sendable {
    private let bytes: [UInt8]

    /// These bytes.
    package init(_ bytes: [UInt8]) {
      self.bytes = bytes
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(Data(bytes))
    }
  }
}
